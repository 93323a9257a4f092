/** Columns of text, as wide as they need to be. */

/** Lines of cells, two spaces between columns, nothing after the last; `style` gets a cell already padded. */
export function formatTable(
  rows: readonly (readonly string[])[],
  style: (text: string, row: number, column: number) => string,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row, index) =>
    row
      .map((cell, column) => {
        const isLast = column === row.length - 1;
        return style(isLast ? cell : cell.padEnd(widths[column] ?? 0), index, column);
      })
      .join("  ")
      .trimEnd(),
  );
}
