import { isMap, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type DistrictFile, districtFileSchema } from '../contracts/district-file.ts';
import { WaystationError } from '../runtime/errors.ts';

/** Faults named in one message; the rest is counted. */
const maxFaults = 10;

/**
 * Parses a district file.
 * @throws WaystationError `district_file_invalid` naming line, field and what it must be; `name` is the file's.
 */
export function parseDistrictFile(text: string, name: string): DistrictFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const broken = document.errors.map((error) => `line ${lines.linePos(error.pos[0]).line}: ${error.message}`);
  if (broken.length > 0) refuse(name, broken);

  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node = document.getIn(path.slice(0, depth), true);
      const range =
        (node as { range?: [number, number, number] } | undefined)?.range ??
        (isMap(node) ? node.range : undefined);
      if (range) return lines.linePos(range[0]).line;
    }
    return 1;
  };

  const content: unknown = document.toJS();
  const parsed = districtFileSchema.safeParse(content);
  if (!parsed.success) {
    refuse(
      name,
      parsed.error.issues.map(
        (issue) => `line ${lineOf(issue.path)}: ${fieldName(issue.path)}: ${issue.message}`,
      ),
    );
  }
  const doubled = repeatedIds(parsed.data);
  if (doubled.length > 0)
    refuse(
      name,
      doubled.map(
        ({ path, id }) => `line ${lineOf(path)}: ${fieldName(path)}: "${id}" stands here a second time`,
      ),
    );
  return content as DistrictFile;
}

function repeatedIds(file: z.output<typeof districtFileSchema>): { path: PropertyKey[]; id: string }[] {
  const repeated: { path: PropertyKey[]; id: string }[] = [];
  const look = (items: readonly { id: string }[], path: PropertyKey[]) => {
    const seen = new Set<string>();
    for (const [index, { id }] of items.entries()) {
      if (seen.has(id)) repeated.push({ path: [...path, index, 'id'], id });
      seen.add(id);
    }
  };
  look(file.units, ['units']);
  look(file.stations, ['stations']);
  for (const [index, station] of file.stations.entries())
    look(station.devices, ['stations', index, 'devices']);
  return repeated;
}

/** `stations[3].devices[1].kind`, as people write it. */
function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return name.replace(/^\./, '') || 'the file';
}

function refuse(name: string, faults: readonly string[]): never {
  const more = faults.length > maxFaults ? `; and ${faults.length - maxFaults} more` : '';
  throw new WaystationError({
    code: 'district_file_invalid',
    message: `${name}: ${faults.slice(0, maxFaults).join('; ')}${more}.`,
    fix: 'Correct the file and import it again; nothing was changed.',
  });
}
