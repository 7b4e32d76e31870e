/** Lookup tables: those that come with the program, and what the team knows better. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, body } from '../api/client';
import { Coded } from '../parts/Coded';
import { Page, Panel } from '../parts/Page';
import { Empty, Fetched } from '../parts/States';
import { texts } from '../texts';

export default function Datasets() {
  const query = useQuery({
    queryKey: ['datasets'],
    queryFn: ({ signal }) => body(api.GET('/datasets', { signal })),
  });
  return (
    <Page title={texts.datasets.title} lead={texts.datasets.lead}>
      <Panel>
        <Fetched query={query} lines={8}>
          {(datasets) =>
            datasets.length === 0 ? (
              <Empty title={texts.datasets.none} />
            ) : (
              <ul>
                {datasets.map((dataset) => (
                  <li key={dataset.slug} className="border-b border-line px-4 py-3 last:border-0">
                    <div className="flex flex-wrap items-baseline gap-x-3">
                      <Link
                        to="/settings/datasets/$slug"
                        params={{ slug: dataset.slug }}
                        className="link font-medium"
                      >
                        {dataset.title}
                      </Link>
                      <span className="text-xs text-soft tabular-nums">
                        {texts.datasets.entries(dataset.customerEntries, dataset.globalEntries)}
                      </span>
                    </div>
                    <p className="max-w-prose text-soft">
                      <Coded>{dataset.description}</Coded>
                    </p>
                  </li>
                ))}
              </ul>
            )
          }
        </Fetched>
      </Panel>
    </Page>
  );
}
