/** The first look of the day: what needs somebody, and whether data comes in. */
import { useQuery } from '@tanstack/react-query';
import { api, body } from '../api/client';
import { poll } from '../api/live';
import type { Identity } from '../api/types';
import { Choice } from '../parts/Field';
import { FirstRun } from '../parts/FirstRun';
import { Page } from '../parts/Page';
import { Fetched } from '../parts/States';
import { useSetSearch } from '../parts/useSearch';
import { texts } from '../texts';
import { Activity } from './home/Activity';
import { Cards } from './home/Cards';
import { Distribution } from './home/Distribution';
import { usePeriod } from './home/figures';
import { Health } from './home/Health';
import { OpenEscalations, Recent, Rings, ROWS_SHOWN, Suspects } from './home/Lists';
import { RuleActivity } from './home/RuleActivity';

const POLL_MS = 10_000;
const FIRST_POLL_MS = 2_500;

export default function Home() {
  const recent = useQuery({
    queryKey: ['identities', 'recent'],
    queryFn: ({ signal }) =>
      body(
        api.GET('/identities', {
          params: { query: { sort: 'lastTrackedAt', order: 'DESC', pageSize: ROWS_SHOWN } },
          signal,
        }),
      ),
    refetchInterval: (query) => (isLive(query.state.data?.content) ? poll(POLL_MS) : FIRST_POLL_MS),
  });
  if (!recent.data) {
    return (
      <Page title={texts.home.title}>
        <Fetched query={recent} lines={8}>
          {() => null}
        </Fetched>
      </Page>
    );
  }
  const identities = recent.data.content;
  if (!isLive(identities)) {
    return (
      <Page title={texts.firstRun.title} lead={texts.firstRun.lead}>
        <FirstRun identities={identities} />
      </Page>
    );
  }
  return (
    <Page title={texts.home.title} lead={texts.home.lead} actions={<PeriodChoice />}>
      <Cards />
      <div className="grid grid-cols-1 gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Suspects />
        <OpenEscalations />
      </div>
      <Distribution />
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <Activity />
          <Recent identities={identities} />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <Health />
          <RuleActivity />
          <Rings />
        </div>
      </div>
    </Page>
  );
}

/** Of activity, rules and ingestion alike. */
function PeriodChoice() {
  const setSearch = useSetSearch();
  return (
    <Choice
      label={texts.overview.period}
      value={usePeriod()}
      onChange={(to) => setSearch({ period: to === '7d' ? undefined : to })}
      options={texts.overview.periods}
    />
  );
}

/** Somebody has been scored: the first steps are done. */
function isLive(identities: Identity[] | undefined): boolean {
  return identities?.some((identity) => identity.lastScoredAt) ?? false;
}
