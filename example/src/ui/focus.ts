/** If the focused element is gone, moves the focus to the top of the content, where a keyboard user continues. */
export function keepFocus() {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.querySelector('main')?.focus()
  })
}
