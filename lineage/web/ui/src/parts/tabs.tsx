/** Parts of a screen, each with an address of its own: so they are links, and Back works. */
export interface Tab {
  readonly id: string
  readonly title: string
  readonly href: string
}

export function Tabs({ label, tabs, shown }: { label: string; tabs: readonly Tab[]; shown: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.id} href={tab.href} aria-current={tab.id === shown ? 'page' : undefined}>
          {tab.title}
        </a>
      ))}
    </nav>
  )
}
