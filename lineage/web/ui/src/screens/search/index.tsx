/** Everything that has a text in its name, uid, uri or digest: by kind, the kind of the best hit first. */
import { useAnswer } from '../../api/use-answer'
import { ForwardPager } from '../../parts/pager'
import { Screen } from '../../parts/screen'
import { Empty, Shown } from '../../parts/states'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { HitLine } from './hit-line'
import { groupsOf } from './hits'

const PAGE = 50

export function SearchScreen({ params }: ScreenProps) {
  const asked = params.text ?? ''
  const found = useAnswer('page-search', asked ? { text: asked, first: PAGE, after: params.after ?? null } : null)
  return (
    <Screen title={asked ? texts.search.title(asked) : texts.search.untitled}>
      {asked ? (
        <Shown of={found}>
          {({ search }) =>
            search.nodes.length ? (
              <div class="stack">
                {groupsOf(search.nodes).map(([kind, hits]) => (
                  <section key={kind} class="hits" aria-label={texts.search.kinds[kind]}>
                    <h2>
                      {texts.search.kinds[kind]} <span class="quiet number">{hits.length}</span>
                    </h2>
                    <ul>
                      {hits.map((hit) => (
                        <HitLine key={hit.id} hit={hit} asked={asked} />
                      ))}
                    </ul>
                  </section>
                ))}
                <ForwardPager next={search.pageInfo.hasNextPage ? search.pageInfo.endCursor : null} params={params} />
              </div>
            ) : (
              <Empty title={texts.search.empty}>
                <p>{texts.search.emptyWhy}</p>
              </Empty>
            )
          }
        </Shown>
      ) : (
        <Empty title={texts.search.nothingAsked}>
          <p>{texts.search.nothingAskedWhy}</p>
        </Empty>
      )}
    </Screen>
  )
}
