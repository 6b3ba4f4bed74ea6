import type { ReactNode } from 'react';
import type { Tone } from '../truth/needs.ts';

const shapes: Record<Tone, string> = { urgent: '■', attention: '▲', unknown: '○', out: '◌', ok: '●' };

/** A state by colour, shape and word. */
export function Mark({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`mark mark-${tone}`}>
      <span aria-hidden="true">{shapes[tone]}</span> {children}
    </span>
  );
}
