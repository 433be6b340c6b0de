/** Where the theme's search calls a box with a field in it a button, and a link an option's content: what it says, and what it is. */
const replacements: [RegExp, string][] = [
  [
    /role="button"\s+:aria-owns="[^"]*"\s+aria-expanded="true"\s+aria-haspopup="listbox"\s+aria-labelledby="localsearch-label"/,
    'role="dialog" aria-modal="true" aria-label="Search"',
  ],
  [/:id="'localsearch-item-' \+ index"\s+:aria-selected="[^"]*"\s+role="option"/, 'role="none"'],
  [/<kbd :aria-label=/g, '<kbd role="img" :aria-label='],
  [
    /:aria-label="\[\.\.\.p\.titles, p\.title\]\.join\(' > '\)"/,
    `:id="'localsearch-item-' + index" :aria-selected="selectedIndex === index ? 'true' : 'false'" role="option"`,
  ],
];

/**
 * Mends the roles of the search box of VitePress's theme, without which screen readers do not hear what is in it. It has no setting for them.
 * The build fails when the theme is no longer as it was in 1.6.4.
 */
export function mendSearchBox() {
  return {
    name: 'mend-search-box',
    enforce: 'pre' as const,
    transform(code: string, id: string): string | undefined {
      if (!id.endsWith('/VPLocalSearchBox.vue')) return undefined;
      return replacements.reduce((text, [wrong, right]) => {
        if (text.search(wrong) === -1) throw new Error(`the search box of the theme has changed: ${wrong} is not in it`);
        return text.replace(wrong, right);
      }, code);
    },
  };
}
