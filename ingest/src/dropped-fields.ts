/** Fields of `raw` that validation dropped, counted through lists as well (cells of a locker, items of a shelf). */
export function countDroppedFields(raw: unknown, kept: unknown): number {
  if (typeof raw !== 'object' || raw === null || typeof kept !== 'object' || kept === null) return 0;
  let dropped = 0;
  for (const name in raw) {
    if (!(name in kept)) {
      dropped += 1;
      continue;
    }
    const inner = (raw as Record<string, unknown>)[name];
    if (!Array.isArray(inner)) continue;
    const keptInner = (kept as Record<string, unknown>)[name];
    if (!Array.isArray(keptInner)) continue;
    for (let index = 0; index < inner.length; index += 1) {
      dropped += countDroppedFields(inner[index], keptInner[index]);
    }
  }
  return dropped;
}
