/** Whether data comes in: does processing keep up and why not, what was refused, which names mean nothing yet. */
import { Link } from '@tanstack/react-router';
import { refused } from '../../api/fates';
import { number } from '../../lib/format';
import { Panel } from '../../parts/Page';
import { Fetched } from '../../parts/States';
import { texts } from '../../texts';
import { useIngestion, usePeriod, useSummary } from './figures';

export function Health() {
  const period = usePeriod();
  const summary = useSummary();
  const ingestion = useIngestion(period);
  const span = texts.overview.periodOf[period] ?? '';
  return (
    <Panel title={texts.home.ingestion}>
      <div className="flex flex-col gap-3 p-4">
        <Fetched query={summary} lines={2}>
          {({ processing, unmappedEventNames, unmappedAttributeNames, dataPack }) => (
            <>
              <p>
                <span
                  aria-hidden="true"
                  className={processing.lagging ? 'text-critical' : 'text-good'}
                >
                  {processing.lagging ? '▲' : '●'}
                </span>{' '}
                {processing.lagging && <strong>{texts.overview.lagging} </strong>}
                {processing.waiting === 0
                  ? texts.home.upToDate
                  : texts.home.waiting(number(processing.waiting))}{' '}
                {processing.due > 0 && texts.overview.due(processing.due)}
              </p>
              {processing.reason && (
                <p className="said rounded-lg bg-poor-wash px-3 py-2 text-poor">
                  {processing.reason}
                </p>
              )}
              <p className="flex flex-wrap gap-x-4 gap-y-1 text-sm text-soft">
                {unmappedEventNames + unmappedAttributeNames > 0 && (
                  <Link to="/settings/mappings" className="link">
                    {texts.overview.unmapped(unmappedEventNames + unmappedAttributeNames)}
                  </Link>
                )}
                <span>{texts.overview.pack(dataPack.version, dataPack.ageDays)}</span>
              </p>
            </>
          )}
        </Fetched>
        <Fetched query={ingestion} lines={3}>
          {(found) => {
            const reasons = refused(found);
            const most = reasons[0]?.[1] ?? 1;
            return (
              <>
                <p className="text-soft">
                  {number(found.fates.applied ?? 0)} {texts.overview.processed(span)}
                </p>
                {reasons.length === 0 ? (
                  <p className="text-soft">{texts.overview.noneRefused(span)}</p>
                ) : (
                  <div>
                    <h3 className="mb-1 text-sm font-medium">{texts.overview.refused(span)}</h3>
                    <ul className="flex flex-col gap-1.5">
                      {reasons.map(([fate, count]) => (
                        <li key={fate} className="grid grid-cols-[1fr_auto] gap-x-4">
                          <span>{texts.fates[fate] ?? fate}</span>
                          <span className="font-medium tabular-nums">{number(count)}</span>
                          <span
                            className="h-1 rounded-full bg-poor-fill"
                            style={{ width: `${Math.max(1, (count / most) * 100)}%` }}
                          />
                        </li>
                      ))}
                    </ul>
                  </div>
                )}
                {found.parked.length > 0 && (
                  <p className="text-poor">
                    {texts.home.parked(number(found.fates.parked ?? found.parked.length))}
                  </p>
                )}
              </>
            );
          }}
        </Fetched>
      </div>
    </Panel>
  );
}
