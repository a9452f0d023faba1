/** Shared by reports: every row of a list, newest first, a page at a time. */
import type { Page, PageRequest } from '../ports/store.ts'

/** Rows read at a time: other requests are answered between two pages. */
const PAGE_ROWS = 200

/** Rows that come while it goes on are left out: the order is that of insertion. */
export async function* walkPages<Row>(
  read: (page: PageRequest) => Promise<Page<Row>>,
): AsyncGenerator<readonly Row[]> {
  let before: number | null = null
  do {
    const page: Page<Row> = await read({ limit: PAGE_ROWS, before })
    yield page.items
    before = page.cursor
  } while (before !== null)
}
