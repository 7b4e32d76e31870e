/** The devices the identity was seen on. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, body } from '../../api/client';
import { Agent } from '../../parts/Agent';
import { Tag } from '../../parts/Badges';
import { DeviceLink } from '../../parts/Links';
import { Panel } from '../../parts/Page';
import { Said } from '../../parts/Said';
import { Empty, Fetched } from '../../parts/States';
import { Time } from '../../parts/Time';
import { texts } from '../../texts';

export function DevicesTab({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ['identity', id, 'devices'],
    queryFn: ({ signal }) =>
      body(api.GET('/devices', { params: { query: { identity: id, pageSize: 100 } }, signal })),
  });
  return (
    <Panel title={texts.devices.title}>
      <Fetched query={query}>
        {(found) =>
          found.content.length === 0 ? (
            <Empty title={texts.devices.noneOf}>{texts.devices.noneHint}</Empty>
          ) : (
            <ul>
              {found.content.map((device) => (
                <li
                  key={device.fingerprint}
                  className="grid grid-cols-1 gap-x-6 gap-y-1 border-b border-line px-4 py-2.5 last:border-0 md:grid-cols-[140px_1fr_180px_150px]"
                >
                  <span className="flex flex-wrap items-center gap-2">
                    <DeviceLink fingerprint={device.fingerprint} />
                    {device.disregarded && <Tag>{texts.identities.disregarded}</Tag>}
                  </span>
                  <Agent text={device.userAgent} whole />
                  <span className="min-w-0">
                    <Said max={45}>{device.ip ?? ''}</Said>
                    <span className="block text-xs text-soft">
                      {[device.city, device.country, device.asnLabel].filter(Boolean).join(', ')}
                    </span>
                  </span>
                  <span className="text-sm">
                    <Time at={device.lastSeenAt} className="text-soft" />
                    <Link
                      to="/identities"
                      search={{ device: device.fingerprint }}
                      className="link block text-xs"
                    >
                      {texts.devices.who}
                    </Link>
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Fetched>
    </Panel>
  );
}
