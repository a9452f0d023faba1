/** The floor of deliveries: the same number of posts, as many at a time, with nothing around them. */
import { answerParent } from '../support/own-process.ts'
import { postBare } from '../support/post-bare.ts'

export type PosterRequest = {
  readonly url: string
  readonly posts: number
  readonly inFlight: number
  readonly bodyBytes: number
}

answerParent(async ({ url, posts, inFlight, bodyBytes }: PosterRequest): Promise<number> => {
  const body = JSON.stringify({ filler: 'x'.repeat(bodyBytes) })
  const startMs = performance.now()
  let next = 0
  const work = async () => {
    while (next++ < posts) await postBare(url, body)
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  return posts / ((performance.now() - startMs) / 1_000)
})
