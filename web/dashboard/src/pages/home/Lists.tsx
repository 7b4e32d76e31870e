/** The lists of the home page: a few of each, and where the others are. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { api, body } from '../../api/client';
import { poll } from '../../api/live';
import { CATEGORIES, type Category, type Identity, scoreOf, worstOf } from '../../api/types';
import { bandOf } from '../../lib/bands';
import { number } from '../../lib/format';
import { Badges, SeverityTag } from '../../parts/Badges';
import { Choice } from '../../parts/Field';
import { LabelTag } from '../../parts/Label';
import { Who } from '../../parts/Links';
import { Panel } from '../../parts/Page';
import { INK, Score } from '../../parts/Score';
import { Empty, Fetched } from '../../parts/States';
import { Steady } from '../../parts/Steady';
import { Time } from '../../parts/Time';
import { texts } from '../../texts';
import { useSummary } from './figures';

const POLL_MS = 10_000;
export const ROWS_SHOWN = 8;
/** As high, with their two lines, as the other list. */
const ESCALATIONS_SHOWN = 5;
const RINGS_SHOWN = 5;
const SEVERITIES = ['CRITICAL', 'WARNING', 'INFO'];

const idOf = (row: { id: string }) => row.id;

/** Those with the lowest score, by one question after the other. */
export function Suspects() {
  const [category, setCategory] = useState<Category>('HUMANITY');
  const sort = `${category.toLowerCase()}Score`;
  const query = useQuery({
    queryKey: ['identities', 'lowest', sort],
    queryFn: ({ signal }) =>
      body(
        api.GET('/identities', {
          params: { query: { sort, order: 'ASC', disregarded: false, pageSize: ROWS_SHOWN } },
          signal,
        }),
      ),
    refetchInterval: () => poll(POLL_MS),
  });
  return (
    <Panel
      title={texts.home.suspects}
      actions={
        <Choice
          label={texts.home.byScore}
          value={category}
          onChange={setCategory}
          options={CATEGORIES.map((one) => [one, texts.categories[one].name] as const)}
        />
      }
    >
      <Fetched query={query} lines={ROWS_SHOWN}>
        {(found) => (
          <>
            <Steady name={category} rows={found.content} rowKey={idOf}>
              {(identity) => (
                <Row key={identity.id}>
                  <Who id={identity.id} name={identity.displayName} />
                  <span className="hidden min-w-0 items-center gap-1 sm:flex">
                    {identity.label && <LabelTag label={identity.label} />}
                    <Badges badges={identity.badges} />
                  </span>
                  <Score value={scoreOf(identity, category)} />
                </Row>
              )}
            </Steady>
            <More to="/identities" search={{ sort, order: 'ASC', disregarded: 'false' }}>
              {texts.home.allIdentities}
            </More>
          </>
        )}
      </Fetched>
    </Panel>
  );
}

export function OpenEscalations() {
  const query = useQuery({
    queryKey: ['escalations', 'home'],
    queryFn: ({ signal }) =>
      body(
        api.GET('/escalations', {
          params: {
            query: { status: 'OPEN', sort: 'severity', order: 'DESC', pageSize: ESCALATIONS_SHOWN },
          },
          signal,
        }),
      ),
    refetchInterval: () => poll(POLL_MS),
  });
  return (
    <Panel title={texts.home.openEscalations}>
      <BySeverity />
      <Fetched query={query} lines={ROWS_SHOWN}>
        {(found) =>
          found.totalElements === 0 ? (
            <Empty title={texts.home.noEscalations}>{texts.home.noEscalationsHint}</Empty>
          ) : (
            <>
              <Steady name="open" rows={found.content} rowKey={idOf}>
                {(escalation) => (
                  <Row key={escalation.id} two>
                    <span className="flex min-w-0 flex-col leading-tight">
                      <Link
                        to="/escalations/$id"
                        params={{ id: escalation.id }}
                        className="link said truncate font-medium"
                      >
                        {escalation.escalationRule.label}
                      </Link>
                      <Who id={escalation.identity.id} name={escalation.identity.label} />
                    </span>
                    <span className="flex flex-col items-end gap-1 text-xs text-soft">
                      <SeverityTag severity={escalation.severity} />
                      <Time at={escalation.openedAt} />
                    </span>
                  </Row>
                )}
              </Steady>
              <More to="/escalations">{texts.home.queue(number(found.totalElements))}</More>
            </>
          )
        }
      </Fetched>
    </Panel>
  );
}

/** How many wait, the gravest first; each leads to its part of the queue. */
function BySeverity() {
  const open = useSummary().data?.openEscalations;
  return (
    <ul
      aria-label={texts.overview.bySeverity}
      className="grid grid-cols-3 divide-x divide-line border-b border-line"
    >
      {SEVERITIES.map((severity) => (
        <li key={severity}>
          <Link
            to="/escalations"
            search={{ severity }}
            className="flex flex-col gap-1 px-4 py-2 hover:bg-sunken"
          >
            <span className="text-lg leading-tight font-semibold tabular-nums">
              {open ? number(open[severity] ?? 0) : '–'}
            </span>
            <span>
              <SeverityTag severity={severity} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

export function Recent({ identities }: { identities: Identity[] }) {
  return (
    <Panel title={texts.home.recent}>
      <Steady name="recent" rows={identities} rowKey={idOf}>
        {(identity) => {
          const worst = worstOf(identity);
          return (
            <Row key={identity.id}>
              <Who id={identity.id} name={identity.displayName} />
              <Time at={identity.lastTrackedAt} className="hidden text-sm text-soft sm:block" />
              {worst ? (
                <Score value={worst.value} label={texts.categories[worst.category].name} />
              ) : (
                <Score value={null} />
              )}
            </Row>
          );
        }}
      </Steady>
      <More to="/identities" search={{ sort: 'lastTrackedAt', order: 'DESC' }}>
        {texts.home.allIdentities}
      </More>
    </Panel>
  );
}

export function Rings() {
  const query = useQuery({
    queryKey: ['rings', 'riskiest'],
    queryFn: ({ signal }) =>
      body(
        api.GET('/rings', {
          params: { query: { pageSize: RINGS_SHOWN, sort: 'risk', order: 'DESC' } },
          signal,
        }),
      ),
    refetchInterval: () => poll(POLL_MS * 3),
  });
  return (
    <Panel title={texts.home.riskiest}>
      <Fetched query={query} lines={5}>
        {(found) =>
          found.totalElements === 0 ? (
            <Empty title={texts.rings.none}>{texts.rings.noneHint}</Empty>
          ) : (
            <>
              <Steady name="rings" rows={found.content} rowKey={idOf}>
                {(ring) => (
                  <Row key={ring.id} two>
                    <Link to="/rings/$id" params={{ id: ring.id }} className="link font-medium">
                      {texts.rings.of(number(ring.size))}
                    </Link>
                    <Risk risk={ring.risk} />
                  </Row>
                )}
              </Steady>
              <More to="/rings">{texts.home.allRings}</More>
            </>
          )
        }
      </Fetched>
    </Panel>
  );
}

function Risk({ risk }: { risk: number }) {
  return (
    <span className={`font-semibold tabular-nums ${INK[bandOf(100 - risk)]}`}>
      {texts.rings.risk(risk)}
    </span>
  );
}

function Row({ children, two = false }: { children: ReactNode; two?: boolean }) {
  const tracks = two ? 'grid-cols-[1fr_auto]' : 'grid-cols-[1fr_auto] sm:grid-cols-[1fr_1fr_150px]';
  return (
    <li
      className={`grid min-h-12 items-center gap-3 border-b border-line px-4 py-1.5 hover:bg-sunken ${tracks}`}
    >
      {children}
    </li>
  );
}

function More({
  to,
  search,
  children,
}: {
  to: string;
  search?: Record<string, string>;
  children: ReactNode;
}) {
  return (
    <div className="px-4 py-2.5 text-sm">
      <Link to={to} search={search} className="link">
        {children}
      </Link>
    </div>
  );
}
