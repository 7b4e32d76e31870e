/** What the panels of the home page ask for. Its period is in the address bar. */
import { useQuery } from '@tanstack/react-query';
import { api, body } from '../../api/client';
import { poll } from '../../api/live';
import { useSearch } from '../../parts/useSearch';

const POLL_MS = 10_000;
/** Figures of whole hours and days change slowly, and cost more to read. */
const SLOW_POLL_MS = 60_000;
const HOUR_MS = 3_600_000;

const HOURS = { '24h': 24, '7d': 168, '30d': 720 };
export type Period = keyof typeof HOURS;

export function usePeriod(): Period {
  const { period } = useSearch();
  return period === '24h' || period === '30d' ? period : '7d';
}

const since = (period: Period) => ({
  params: { query: { from: new Date(Date.now() - HOURS[period] * HOUR_MS).toISOString() } },
});

export function useSummary() {
  return useQuery({
    queryKey: ['dashboard', 'summary'],
    queryFn: ({ signal }) => body(api.GET('/dashboard/summary', { signal })),
    refetchInterval: () => poll(POLL_MS),
  });
}

export function useDistribution() {
  return useQuery({
    queryKey: ['dashboard', 'distribution'],
    queryFn: ({ signal }) => body(api.GET('/dashboard/score-distribution', { signal })),
    refetchInterval: SLOW_POLL_MS,
  });
}

export function useStats(period: Period) {
  return useQuery({
    queryKey: ['dashboard', 'stats', period],
    queryFn: ({ signal }) => body(api.GET('/dashboard/stats', { ...since(period), signal })),
    refetchInterval: SLOW_POLL_MS,
  });
}

export function useRuleActivity(period: Period) {
  return useQuery({
    queryKey: ['dashboard', 'rules', period],
    queryFn: ({ signal }) =>
      body(api.GET('/dashboard/rule-activity', { ...since(period), signal })),
    refetchInterval: SLOW_POLL_MS,
  });
}

export function useIngestion(period: Period) {
  return useQuery({
    queryKey: ['ingestion', period],
    queryFn: ({ signal }) => body(api.GET('/ingestion', { ...since(period), signal })),
    refetchInterval: () => poll(POLL_MS),
  });
}
