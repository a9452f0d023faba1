/** The looks of the checkout page, in the shop that leads to it. */
export const STYLE = `
  :root { color-scheme: light dark; --ground: #f4f2ec; --paper: #fffefb; --ink: #1b1c1a;
    --quiet: #5b5d57; --line: #dcd9cf; --accent: #0a6a4c; --on-accent: #fff; --care: #7a4a05;
    --sans: -apple-system, "Segoe UI", Roboto, Inter, "Noto Sans", "Liberation Sans", sans-serif;
    --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", "P052", serif; }
  @media (prefers-color-scheme: dark) { :root { --ground: #131517; --paper: #1b1e21;
    --ink: #efede6; --quiet: #a8aaa5; --line: #34383c; --accent: #5fcda5; --on-accent: #06150f;
    --care: #f0c67c; } }
  * { box-sizing: border-box; margin: 0; }
  body { background: var(--ground); color: var(--ink); font: 1rem/1.5 var(--sans);
    font-variant-numeric: lining-nums tabular-nums; padding: 1.5rem 1rem 3rem; }
  main, header { max-width: 44rem; margin-inline: auto; }
  header { font: 600 1.1875rem/1.2 var(--serif); padding: 0 0.25rem 1rem; }
  header a { color: inherit; text-decoration: none; }
  main { background: var(--paper); border: 1px solid var(--line); border-radius: 0.875rem;
    padding: 1.75rem; }
  h1 { font: 600 1.5rem/1.2 var(--serif); margin-bottom: 0.75rem; }
  h2 { font-size: 0.8125rem; font-weight: 500; color: var(--quiet); margin: 1.75rem 0 0.25rem; }
  main > p { margin-block: 0.5rem; }
  article { border-top: 1px solid var(--line); padding-block: 1rem; display: flex; gap: 1rem;
    align-items: center; justify-content: space-between; }
  article p { min-width: 0; }
  form { display: flex; flex-wrap: wrap; gap: 0.625rem; }
  button, .button { font: 600 0.9375rem/1.25 var(--sans); padding: 0.625rem 1rem; cursor: pointer;
    color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent);
    border-radius: 0.5rem; text-decoration: none; }
  .button ~ button, h2 ~ article button { background: none; color: var(--ink); border-color: var(--line); }
  a { color: var(--accent); text-underline-offset: 0.2em; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  .status { display: inline-block; font-weight: 600; padding-top: 0.75rem; margin-top: 0.75rem;
    border-top: 3px solid var(--care); }
  .status.paid { color: var(--accent); border-color: var(--accent); }
  ol { padding-inline-start: 1.5rem; }
  small { font-size: 0.875rem; color: var(--quiet); }
`
