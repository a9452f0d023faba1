/** What a checkout page says to a person who reads it, taken from its markup. */

export type CheckoutText = {
  /** Both are undefined where the page does not show them. */
  readonly address: string | undefined
  readonly amount: string | undefined
  /** EIP-681 links in the order of the page. */
  readonly links: readonly string[]
}

export function readCheckout(page: string): CheckoutText {
  const links = [...page.matchAll(/href="(ethereum:[^"]*)"/g)].map(([, link]) => link as string)
  return {
    address: textOf(/<code id="address"[^>]*>(.*?)<\/code>/.exec(page)?.[1]),
    amount: textOf(/<strong id="amount">(.*?)<\/strong>/.exec(page)?.[1]),
    links: links.map((link) => link.replaceAll('&amp;', '&')),
  }
}

/** Marks and places to break are for the eye: the text between them is what is copied. */
function textOf(markup: string | undefined): string | undefined {
  return markup?.replace(/<[^>]*>/g, '')
}
