/** What is said of a series as a whole, as names and words. Pure. */
import { measureText, numberText, percentText, probabilityText, signedText } from '../../parts/wording'
import { texts } from '../../texts'
import type { Trend } from './drawing'

/** What is known of a series; nothing of what is not known. */
export function factsOf(trend: Trend): readonly (readonly [name: string, words: string])[] {
  const said = texts.trends.facts
  const { summary, noise, alarm } = trend
  const written = (value: number) => measureText(trend.metric, value)
  const found: [name: string, words: string | null][] = [
    [said.latest, summary.latest === null ? null : latestOf(trend, written)],
    [said.usual, usualOf(trend, written)],
    [said.z, summary.zScore === null ? null : said.away(signedText(summary.zScore))],
    [said.direction, directionOf(trend)],
    [said.best, summary.best === null ? null : written(summary.best)],
    [said.values, rangeOf(trend, written)],
    [said.iqr, summary.iqr === null ? null : written(summary.iqr)],
    [said.drift, driftOf(trend)],
    [said.dependence, summary.autocorrelation === null ? null : numberText(summary.autocorrelation)],
    [said.noise, noise && said.noiseOf(written(noise.deviation), noise.count)],
    [said.detectable, noise && said.detectableOf(written(noise.detectable))],
    [said.missing, summary.missing ? numberText(summary.missing) : null],
    [said.slots, summary.slotsMissed ? numberText(summary.slotsMissed) : null],
    [said.alarm, alarm && said.alarmOf(alarm.rises ? said.higher : said.lower, alarm.runsBetweenFalse)],
    [said.discovery, summary.falseDiscovery === null ? null : probabilityText(summary.falseDiscovery)],
  ]
  return found.flatMap(([name, words]) => (words ? [[name, words] as const] : []))
}

type Written = (value: number) => string

function latestOf({ summary }: Trend, written: Written): string {
  const { latest, difference, relativeDifference } = summary
  if (latest === null) return ''
  if (difference === null) return written(latest)
  const relative = relativeDifference === null ? '' : percentText(relativeDifference)
  return `${written(latest)}, ${texts.trends.facts.since(signedText(difference), relative)}`
}

function usualOf({ summary }: Trend, written: Written): string | null {
  if (summary.median === null) return null
  const median = written(summary.median)
  return summary.mad === null ? median : texts.trends.facts.spread(median, written(summary.mad))
}

function directionOf(trend: Trend): string {
  const said = texts.trends.facts
  const direction = said.directions[trend.direction]
  return trend.leastEffect === null ? direction : said.least(direction, numberText(trend.leastEffect))
}

function rangeOf({ summary }: Trend, written: Written): string {
  const count = numberText(summary.count)
  if (summary.min === null || summary.max === null) return count
  return texts.trends.facts.between(count, written(summary.min), written(summary.max))
}

function driftOf({ summary }: Trend): string | null {
  const said = texts.trends.facts
  const { slopePerDay, slopeLow, slopeHigh, trendPValue } = summary
  if (slopePerDay === null) return null
  const drift =
    slopeLow === null || slopeHigh === null
      ? signedText(slopePerDay)
      : said.driftRange(signedText(slopePerDay), signedText(slopeLow), signedText(slopeHigh))
  return trendPValue === null ? drift : said.driftChance(drift, probabilityText(trendPValue))
}
