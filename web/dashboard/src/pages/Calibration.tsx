/** How far the scores agree with what analysts found, and what they found. */
import { useQuery } from '@tanstack/react-query';
import { api, body } from '../api/client';
import { Choice } from '../parts/Field';
import { Page } from '../parts/Page';
import { Fetched } from '../parts/States';
import { useSearch, useSetSearch } from '../parts/useSearch';
import { texts } from '../texts';
import { Report } from './calibration/Report';
import { Verdicts } from './calibration/Verdicts';

const DAY_MS = 86_400_000;
const DAYS = ['30', '90', '365'] as const;

export default function Calibration() {
  const { days: asked } = useSearch();
  const setSearch = useSetSearch();
  const days = DAYS.find((one) => one === asked) ?? '365';
  const query = useQuery({
    queryKey: ['calibration', days],
    queryFn: ({ signal }) =>
      body(
        api.GET('/reports/calibration', {
          params: { query: { from: new Date(Date.now() - Number(days) * DAY_MS).toISOString() } },
          signal,
        }),
      ),
  });
  return (
    <Page
      title={texts.calibration.title}
      lead={texts.calibration.lead}
      actions={
        <Choice
          label={texts.overview.period}
          value={days}
          onChange={(to) => setSearch({ days: to === '365' ? undefined : to })}
          options={texts.calibration.periods}
        />
      }
    >
      <Fetched query={query} lines={8}>
        {(report) => <Report report={report} />}
      </Fetched>
      <Verdicts />
    </Page>
  );
}
