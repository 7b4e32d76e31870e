/** Everything that was sent about the identity, and the groups it belongs to. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, body } from '../../api/client';
import type { Identity } from '../../api/types';
import { DataTree } from '../../parts/DataTree';
import { Panel } from '../../parts/Page';
import { Said } from '../../parts/Said';
import { Empty, Fetched } from '../../parts/States';
import { useRights } from '../../parts/useMe';
import { texts } from '../../texts';
import { TheirData } from './TheirData';

export function DataTab({ identity }: { identity: Identity }) {
  const { write } = useRights();
  const groups = useQuery({
    queryKey: ['identity', identity.id, 'groups'],
    queryFn: ({ signal }) =>
      body(
        api.GET('/groups', { params: { query: { identity: identity.id, pageSize: 100 } }, signal }),
      ),
  });
  return (
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
      <Panel title={texts.data.title}>
        <div className="p-4">
          {Object.keys(identity.data).length === 0 ? (
            <Empty title={texts.data.none}>{texts.data.noneHint}</Empty>
          ) : (
            <DataTree data={identity.data} />
          )}
        </div>
      </Panel>
      <div className="flex min-w-0 flex-col gap-4">
        <Panel title={texts.groups.title}>
          <Fetched query={groups} lines={2}>
            {(found) =>
              found.content.length === 0 ? (
                <Empty title={texts.groups.none} />
              ) : (
                <ul>
                  {found.content.map((group) => (
                    <li
                      key={`${group.type} ${group.id}`}
                      className="border-b border-line px-4 py-2 last:border-0"
                    >
                      <Link
                        to="/identities"
                        search={{ groupType: group.type, group: group.id }}
                        className="link font-medium"
                      >
                        <Said max={60}>{group.displayName ?? group.id}</Said>
                      </Link>
                      <span className="block text-xs text-soft">
                        <Said max={40}>{group.type}</Said> ·{' '}
                        {texts.groups.members(group.identityCount)}
                      </span>
                    </li>
                  ))}
                </ul>
              )
            }
          </Fetched>
        </Panel>
        {write && <TheirData id={identity.id} />}
      </div>
    </div>
  );
}
