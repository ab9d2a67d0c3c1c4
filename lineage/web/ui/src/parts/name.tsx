/** A name that somebody gave: of any length and in any script, it stays where it stands. */
export function Name({ text, href }: { text: string; href?: string }) {
  const name = (
    <bdi class="name" title={text}>
      {text}
    </bdi>
  )
  return href ? <a href={href}>{name}</a> : name
}
