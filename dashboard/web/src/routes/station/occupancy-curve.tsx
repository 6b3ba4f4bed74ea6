import { LineChart } from 'echarts/charts';
import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { type OccupancyAnswer, useOccupancy } from '../../api/queries.ts';
import { useWords } from '../../i18n/language.ts';
import { localClock } from '../../truth/local-time.ts';
import { Failed, Waiting } from '../../ui/panels.tsx';

use([LineChart, GridComponent, TooltipComponent, AriaComponent, SVGRenderer]);
const heightPx = 180;

/** People inside over 24 hours; where the counter was not heard the line is broken, never zero. */
export default function OccupancyCurve({ station, zone }: { station: string; zone: string }) {
  const { t } = useWords();
  const query = useOccupancy(station);
  if (query.isPending) return <Waiting height={heightPx} />;
  if (query.error && query.data === undefined)
    return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data.points.every(({ people }) => people === null)) {
    return (
      <p className="quiet" style={{ height: heightPx }}>
        {t('curve.empty')} {t('curve.emptyNote')}
      </p>
    );
  }
  return (
    <>
      <Curve data={query.data} zone={zone} />
      <p className="quiet curve-foot">
        {t('curve.coverage', { n: Math.round((query.data.coverage ?? 0) * 100) })} · {t('curve.gapNote')}
      </p>
    </>
  );
}

function Curve({ data, zone }: { data: OccupancyAnswer; zone: string }) {
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof init>>(undefined);
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const made = init(element, null, { renderer: 'svg' });
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.dispose();
    };
  }, []);
  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const text = { color: color('--text-3'), fontSize: 12 };
    chart.current?.setOption({
      animation: false,
      grid: { left: 28, right: 8, top: 12, bottom: 24 },
      xAxis: {
        type: 'time',
        min: data.from,
        max: data.to,
        axisLine: { lineStyle: { color: color('--line') } },
        axisLabel: { ...text, formatter: (at: number) => localClock(at, zone), hideOverlap: true },
        splitNumber: 4,
      },
      yAxis: {
        type: 'value',
        min: 0,
        minInterval: 1,
        axisLabel: text,
        splitNumber: 3,
        splitLine: { lineStyle: { color: color('--line') } },
      },
      tooltip: {
        trigger: 'axis',
        formatter: (points: { data: [number, number | null] }[]) => {
          const [at, people] = points[0]?.data ?? [0, null];
          return `${localClock(at, zone)} ${people === null ? t('curve.tipGap') : t('curve.tipPeople', { n: people })}`;
        },
      },
      series: [
        {
          type: 'line',
          step: 'end',
          showSymbol: false,
          connectNulls: false,
          lineStyle: { width: 2, color: color('--accent') },
          areaStyle: { opacity: 0.08, color: color('--accent') },
          itemStyle: { color: color('--accent') },
          data: data.points.map(({ at, people }) => [at, people]),
        },
      ],
    });
  }, [data, zone, t]);
  const most = data.points.reduce((best, point) =>
    (point.people ?? -1) > (best.people ?? -1) ? point : best,
  );
  return (
    <div
      ref={box}
      style={{ height: heightPx }}
      role="img"
      aria-label={t('curve.summary', { max: most.people ?? 0, time: localClock(most.at, zone) })}
    />
  );
}
