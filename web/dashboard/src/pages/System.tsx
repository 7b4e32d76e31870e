/** What runs here, and whether it keeps up. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, body } from '../api/client';
import type { Ingestion } from '../api/types';
import { day, number } from '../lib/format';
import { Tag } from '../parts/Badges';
import { CopyBlock } from '../parts/Copy';
import { Facts, Page, Panel } from '../parts/Page';
import { SaidAll } from '../parts/Said';
import { Empty, Fetched } from '../parts/States';
import { Time } from '../parts/Time';
import { texts } from '../texts';

/** As in docs/operating.md. */
const BACKUP = 'dregs backup --data-dir /var/lib/dregs copy.db';
const ERASURES = 'dregs erasures --data-dir /var/lib/dregs > erasures.jsonl';
const POLL_MS = 10_000;
/** Lists of networks and throw-away domains are worth little after that. */
const PACK_DAYS_OLD = 60;

export default function System() {
  const summary = useQuery({
    queryKey: ['summary'],
    queryFn: ({ signal }) => body(api.GET('/dashboard/summary', { signal })),
    refetchInterval: POLL_MS,
  });
  const ingestion = useQuery({
    queryKey: ['ingestion', 'week'],
    queryFn: ({ signal }) => body(api.GET('/ingestion', { signal })),
    refetchInterval: POLL_MS,
  });
  return (
    <Page title={texts.system.title} lead={texts.system.lead}>
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <Panel title={texts.system.versions}>
          <Fetched query={summary}>
            {({ version, dataPack, unmappedEventNames, unmappedAttributeNames }) => (
              <div className="flex flex-col gap-3 p-4">
                <Facts
                  facts={[
                    [texts.system.version, version],
                    [
                      texts.system.pack,
                      `${dataPack.version}, ${day(dataPack.date)}, ${texts.system.age(dataPack.ageDays)}`,
                    ],
                    [
                      texts.system.unmapped,
                      <Link key="unmapped" to="/settings/mappings" className="link">
                        {number(unmappedEventNames + unmappedAttributeNames)}
                      </Link>,
                    ],
                  ]}
                />
                {dataPack.ageDays > PACK_DAYS_OLD && (
                  <p className="rounded-lg bg-poor-wash px-3 py-2 text-poor">{texts.system.old}</p>
                )}
              </div>
            )}
          </Fetched>
        </Panel>
        <Panel title={texts.system.health}>
          <Fetched query={summary}>
            {({ processing }) => (
              <div className="p-4">
                <Facts
                  facts={[
                    [
                      texts.system.state,
                      <Tag key="state" look={processing.lagging ? 'critical' : 'good'}>
                        {processing.lagging ? texts.system.lagging : texts.system.keepsUp}
                      </Tag>,
                    ],
                    ...(processing.reason
                      ? ([[texts.system.reason, processing.reason]] as [string, string][])
                      : []),
                    [texts.system.waiting, number(processing.waiting)],
                    [texts.system.due, number(processing.due)],
                  ]}
                />
              </div>
            )}
          </Fetched>
        </Panel>
      </div>
      <Panel title={texts.system.backup}>
        <div className="flex flex-col gap-3 p-4">
          <p className="max-w-prose text-soft">{texts.system.backupHint}</p>
          <div className="grid grid-cols-1 gap-3 lg:grid-cols-2">
            <CopyBlock label={texts.system.copyStore} text={BACKUP} />
            <CopyBlock label={texts.system.copyErasures} text={ERASURES} />
          </div>
          <a href="/docs/operating" className="link w-fit">
            {texts.system.manual}
          </a>
        </div>
      </Panel>
      <Panel title={texts.system.ingestion}>
        <Fetched query={ingestion}>{(ingestion) => <Fates ingestion={ingestion} />}</Fetched>
      </Panel>
      {ingestion.data && ingestion.data.parked.length > 0 && (
        <Panel title={texts.system.parked}>
          <ul>
            {ingestion.data.parked.map((parked) => (
              <li key={parked.id} className="border-b border-line px-4 py-2.5 last:border-0">
                <p className="flex justify-between gap-4 text-critical">
                  <SaidAll>{parked.error}</SaidAll>
                  <Time at={parked.parkedAt} className="text-soft" />
                </p>
                <p className="font-mono text-xs">
                  <SaidAll>{JSON.stringify(parked.event)}</SaidAll>
                </p>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </Page>
  );
}

/** All of them, the most common first. */
function Fates({ ingestion }: { ingestion: Ingestion }) {
  const fates = Object.entries(ingestion.fates)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1]);
  const most = fates[0]?.[1] ?? 1;
  if (fates.length === 0) return <Empty title={texts.system.noEvents} />;
  return (
    <table className="w-full">
      <tbody>
        {fates.map(([fate, count]) => (
          <tr key={fate} className="border-b border-line last:border-0">
            <th scope="row" className="w-2/5 px-4 py-2 text-left font-normal">
              {texts.system.fates[fate] ?? texts.fates[fate] ?? fate}
            </th>
            <td className="px-4 text-right tabular-nums">{number(count)}</td>
            <td className="w-2/5 px-4" aria-hidden="true">
              <span
                className={`block h-2 rounded-full ${fate === 'applied' ? 'bg-good-fill' : 'bg-poor-fill'}`}
                style={{ width: `${Math.max(1, (count / most) * 100)}%` }}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
