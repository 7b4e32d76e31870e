/** The label of an identity, what its scores were then, and the labels it had before. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { labelQuery } from '../../api/queries';
import { CATEGORIES, type Identity, type Label } from '../../api/types';
import { LabelTag } from '../../parts/Label';
import { Panel } from '../../parts/Page';
import { Said, SaidAll } from '../../parts/Said';
import { Score } from '../../parts/Score';
import { Empty, Fetched } from '../../parts/States';
import { Time } from '../../parts/Time';
import { texts } from '../../texts';

export function LabelTab({ identity }: { identity: Identity }) {
  const query = useQuery(labelQuery(identity.id));
  return (
    <Fetched query={query} lines={4}>
      {({ label, earlier }) => (
        <div className="flex flex-col gap-4">
          <Panel title={texts.labels.current}>
            {label ? (
              <One label={label} />
            ) : (
              <Empty title={texts.labels.none}>{texts.labels.noneHint}</Empty>
            )}
          </Panel>
          <Panel title={texts.labels.earlier}>
            {earlier.length === 0 ? (
              <p className="p-4 text-soft">{texts.labels.noEarlier}</p>
            ) : (
              <ul>
                {earlier.map((one) => (
                  <li
                    key={`${one.labelledAt} ${one.endedAt}`}
                    className="border-b border-line last:border-0"
                  >
                    <One label={one} />
                  </li>
                ))}
              </ul>
            )}
          </Panel>
        </div>
      )}
    </Fetched>
  );
}

function One({ label }: { label: Label }) {
  const known = CATEGORIES.filter((one) => label.scoreSnapshot[one.toLowerCase()] !== undefined);
  return (
    <div className="flex flex-col gap-2 px-4 py-3">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-soft">
        <LabelTag label={label} />
        <span>
          {texts.labels.by} <Said max={60}>{label.labelledBy}</Said>, <Time at={label.labelledAt} />
        </span>
        {label.escalationId && (
          <Link to="/escalations/$id" params={{ id: label.escalationId }} className="link">
            {texts.labels.through}
          </Link>
        )}
        {label.endedAt && (
          <span>
            · {texts.labels.ended} <Time at={label.endedAt} />
            {label.endedBy && (
              <>
                {' '}
                {texts.labels.by} <Said max={60}>{label.endedBy}</Said>
              </>
            )}
          </span>
        )}
      </p>
      {label.note && (
        <p className="max-w-prose">
          <SaidAll max={500}>{label.note}</SaidAll>
        </p>
      )}
      {known.length > 0 && (
        <div className="flex flex-wrap items-center gap-x-6 gap-y-2">
          <span className="text-xs text-soft">{texts.labels.snapshot}</span>
          {known.map((category) => (
            <Score
              key={category}
              value={label.scoreSnapshot[category.toLowerCase()]}
              label={texts.categories[category].name}
            />
          ))}
        </div>
      )}
    </div>
  );
}
