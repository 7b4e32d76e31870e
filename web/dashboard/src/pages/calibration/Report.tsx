/** For each score, how often it was right, and what taking low scores for bad would do. */
import type { ReactNode } from 'react';
import { CATEGORIES, type Calibration, type Counted } from '../../api/types';
import { number, percent } from '../../lib/format';
import { Tag } from '../../parts/Badges';
import { Panel } from '../../parts/Page';
import { Reliability } from '../../parts/Reliability';
import { Scrolled } from '../../parts/Scrolled';
import { texts } from '../../texts';

export function Report({ report }: { report: Calibration }) {
  return (
    <>
      <p className="text-soft">
        {texts.calibration.counted(report.labels)}.{' '}
        {texts.calibration.needed(report.labelsNeeded, report.sideNeeded)}
        {report.truncated && ` ${texts.calibration.truncated}`}
      </p>
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
        {CATEGORIES.map((category) => {
          const counted = report.categories.find((one) => one.category === category);
          return (
            counted && (
              <Score
                key={category}
                name={texts.categories[category].name}
                about={texts.calibration.bad(counted.badKinds.map(texts.labels.kind).join(', '))}
                counted={counted}
                report={report}
              />
            )
          );
        })}
        <Score
          name={texts.calibration.overall}
          about={texts.calibration.badAny}
          counted={report.overall}
          report={report}
        />
      </div>
    </>
  );
}

function Score({
  name,
  about,
  counted,
  report,
}: {
  name: string;
  about: string;
  counted: Counted;
  report: Calibration;
}) {
  const { legitimate, abuse, conclusive } = counted;
  return (
    <Panel
      title={name}
      actions={
        <Tag look={conclusive ? 'good' : 'warning'}>
          {conclusive ? texts.calibration.conclusive : texts.calibration.tooFew}
        </Tag>
      }
    >
      <div className="flex flex-col gap-4 p-4">
        <p className="text-sm text-soft">{about}</p>
        {!conclusive && <Missing counted={counted} report={report} />}
        {legitimate + abuse === 0 ? (
          <p className="text-soft">{texts.calibration.none}.</p>
        ) : (
          <>
            <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
              <Figure name={texts.calibration.legitimate}>{number(legitimate)}</Figure>
              <Figure name={texts.calibration.abuse}>{number(abuse)}</Figure>
              <Figure
                name={texts.calibration.brier}
                hint={texts.calibration.brierHint}
                sure={conclusive}
              >
                {counted.brier == null ? '–' : counted.brier.toFixed(3)}
              </Figure>
              <Figure
                name={texts.calibration.auc}
                hint={texts.calibration.aucHint}
                sure={conclusive}
              >
                {counted.auc == null ? '–' : percent(counted.auc)}
              </Figure>
            </dl>
            <div>
              <Reliability name={name} bins={counted.bins} />
              <p className="text-xs text-soft">{texts.calibration.curveHint}</p>
            </div>
            <Bins counted={counted} />
            <Edges name={name} counted={counted} />
          </>
        )}
      </div>
    </Panel>
  );
}

/** What is lacking, in figures: nothing is concluded from less. */
function Missing({ counted, report }: { counted: Counted; report: Calibration }) {
  const { legitimate, abuse } = counted;
  const lacks: [string, number, number][] = [
    [texts.calibration.labels, legitimate + abuse, report.labelsNeeded],
    [texts.calibration.legitimate, legitimate, report.sideNeeded],
    [texts.calibration.abuse, abuse, report.sideNeeded],
  ];
  return (
    <ul className="grid grid-cols-1 gap-x-4 gap-y-1 rounded-lg bg-sunken px-3 py-2 text-sm sm:grid-cols-3">
      {lacks.map(([name, have, need]) => (
        <li key={name}>
          <span className="flex justify-between gap-2">
            <span>{name}</span>
            <span className="tabular-nums">{texts.calibration.progress(have, need)}</span>
          </span>
          <progress
            aria-label={name}
            className="h-1.5 w-full accent-accent"
            max={need}
            value={Math.min(have, need)}
          />
        </li>
      ))}
    </ul>
  );
}

function Figure({
  name,
  hint,
  sure = true,
  children,
}: {
  name: string;
  hint?: string;
  /** It rests on enough to say something. */
  sure?: boolean;
  children: string;
}) {
  const look = sure ? 'font-semibold' : 'text-soft';
  return (
    <div title={hint}>
      <dt className="text-xs text-soft">{name}</dt>
      <dd className={`text-lg tabular-nums ${look}`}>{children}</dd>
      {hint && <dd className="sr-only">{hint}</dd>}
    </div>
  );
}

type Share = Counted['bins'][number]['share'];

function Likely({ share }: { share: Share }) {
  if (!share) return '–';
  return (
    <span className="whitespace-nowrap">
      {percent(share.value)}{' '}
      <span className="text-xs text-soft" title={texts.calibration.interval}>
        {Math.round(share.low * 100)}–{Math.round(share.high * 100)}
      </span>
    </span>
  );
}

function Bins({ counted }: { counted: Counted }) {
  return (
    <details className="text-sm">
      <summary className="w-fit text-soft">{texts.calibration.bins}</summary>
      <Grid
        name={texts.calibration.bins}
        head={[
          texts.calibration.scoreAxis,
          texts.calibration.labelled,
          texts.calibration.legitimate,
          texts.calibration.share,
        ]}
        rows={counted.bins.map((bin) => [
          `${bin.from}–${bin.to}`,
          number(bin.labelled),
          number(bin.legitimate),
          <Likely key="share" share={bin.share} />,
        ])}
      />
    </details>
  );
}

function Edges({ name, counted }: { name: string; counted: Counted }) {
  return (
    <section>
      <h3 className="mb-1 font-medium">{texts.calibration.edges}</h3>
      <Grid
        name={`${name}: ${texts.calibration.edges}`}
        head={[
          texts.calibration.edge,
          texts.calibration.caught,
          texts.calibration.hit,
          texts.calibration.missed,
          texts.calibration.passed,
          texts.calibration.precision,
          texts.calibration.recall,
          texts.calibration.falsePositives,
        ]}
        rows={counted.edges.map((edge) => [
          texts.calibration.edgeOf(edge.edge),
          number(edge.abuseBelow),
          number(edge.legitimateBelow),
          number(edge.abuseFrom),
          number(edge.legitimateFrom),
          <Likely key="precision" share={edge.precision} />,
          <Likely key="recall" share={edge.recall} />,
          <Likely key="wrong" share={edge.falsePositives} />,
        ])}
      />
    </section>
  );
}

function Grid({ name, head, rows }: { name: string; head: string[]; rows: ReactNode[][] }) {
  return (
    <Scrolled label={name}>
      <table className="w-full text-right text-sm tabular-nums">
        <thead className="align-bottom text-xs text-soft">
          <tr>
            {head.map((cell) => (
              <th key={cell} className="py-1 pl-3 font-medium first:pl-0 first:text-left">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={String(row[0])} className="border-t border-line">
              {row.map((cell, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
                <td key={place} className="py-1 pl-3 whitespace-nowrap first:pl-0 first:text-left">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}
