/** One escalation: what it rests on, who works on it, what was noted, and what can be done. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, body, Problem } from '../api/client';
import { cycleQuery, labelQuery, notesQuery } from '../api/queries';
import { CATEGORIES, type Escalation, type Label } from '../api/types';
import { reasons } from '../lib/waterfall';
import { texts } from '../texts';
import { SeverityTag, StatusTag, Tag } from './Badges';
import { Button, buttonClass } from './Button';
import { TextArea } from './Field';
import { Key } from './Key';
import { LabelTag, LabelThrough } from './Label';
import { Who } from './Links';
import { Facts } from './Page';
import { Reason } from './Reason';
import { Said, SaidAll } from './Said';
import { Score } from './Score';
import { Fetched } from './States';
import { Time } from './Time';
import { useAct } from './useAct';
import { useEscalationActs } from './useEscalationActs';
import { useMe, useRights } from './useMe';

const NOTE_CHARS_MAX = 4_000;
const REASONS_SHOWN = 4;

export function EscalationDetail({ escalation }: { escalation: Escalation }) {
  const { work } = useRights();
  const label = useQuery(labelQuery(escalation.identity.id)).data?.label;
  return (
    <div className="flex flex-col gap-4 p-4">
      <div className="flex flex-col gap-2">
        <p className="flex flex-wrap items-center gap-2">
          <SeverityTag severity={escalation.severity} />
          <StatusTag status={escalation.status} />
          {escalation.shadow && <Tag>{texts.escalations.shadow}</Tag>}
        </p>
        <h2 className="said text-base font-semibold">{escalation.escalationRule.label}</h2>
        <Who id={escalation.identity.id} name={escalation.identity.label} />
        {label && (
          <p className="flex flex-wrap items-center gap-2">
            <LabelTag label={label} />
            {label.note && <SaidAll max={160}>{label.note}</SaidAll>}
          </p>
        )}
      </div>
      {work && <Acts escalation={escalation} label={label} />}
      <Snapshot escalation={escalation} />
      <Because escalation={escalation} />
      <Facts facts={history(escalation)} />
      <Notes id={escalation.id} work={work} />
    </div>
  );
}

function Acts({ escalation, label }: { escalation: Escalation; label?: Label | null }) {
  const acts = useEscalationActs();
  const me = useMe().data;
  const { status } = escalation;
  if (status === 'PENDING') return <p className="text-soft">{texts.escalations.pending}</p>;
  return (
    <div className="flex flex-wrap gap-2">
      {status === 'OPEN' && (
        <Button look="main" onClick={() => acts.to(escalation, 'ACKNOWLEDGED')}>
          {texts.escalations.acknowledge} <Key>a</Key>
        </Button>
      )}
      {status !== 'CLOSED' && (
        <Button onClick={() => acts.to(escalation, 'CLOSED')}>
          {texts.escalations.close} <Key>c</Key>
        </Button>
      )}
      {status !== 'OPEN' && (
        <Button onClick={() => acts.to(escalation, 'OPEN')}>
          {texts.escalations.reopen} <Key>r</Key>
        </Button>
      )}
      {escalation.assignedTo === me?.email && me?.email ? (
        <Button onClick={() => acts.assign(escalation, null)}>{texts.escalations.giveUp}</Button>
      ) : (
        <Button onClick={() => acts.assignToMe(escalation)}>
          {texts.escalations.assign} <Key>m</Key>
        </Button>
      )}
      <LabelThrough escalation={escalation} label={label} />
      <Link to="/identities/$id" params={{ id: escalation.identity.id }} className={buttonClass()}>
        {texts.escalations.evidence} <Key>e</Key>
      </Link>
    </div>
  );
}

function Snapshot({ escalation }: { escalation: Escalation }) {
  return (
    <div className="grid grid-cols-2 gap-3 sm:grid-cols-4 lg:grid-cols-2 2xl:grid-cols-4">
      {CATEGORIES.map((category) => (
        <div key={category}>
          <div className="text-xs text-soft">{texts.categories[category].name}</div>
          <Score value={escalation.scoreSnapshot[category.toLowerCase()]} />
        </div>
      ))}
    </div>
  );
}

/** The loudest reasons of the analysis that it rests on. */
function Because({ escalation }: { escalation: Escalation }) {
  const query = useQuery(cycleQuery(escalation.identity.id, escalation.analysisId));
  if (query.error instanceof Problem && query.error.status === 404) return null;
  return (
    <section>
      <h3 className="mb-1 font-semibold">{texts.escalations.because}</h3>
      <Fetched query={query} lines={3}>
        {(analysis) => (
          <ul className="flex flex-col gap-1.5">
            {reasons(
              analysis.scores.flatMap((score) => score.observations ?? []),
              -1,
              REASONS_SHOWN,
            ).map((seen) => (
              <Reason key={seen.id} seen={seen} />
            ))}
          </ul>
        )}
      </Fetched>
    </section>
  );
}

function history(escalation: Escalation): [string, React.ReactNode][] {
  const by = (at: string | null | undefined, who: string | null | undefined) => (
    <>
      <Time at={at} /> {who && <Said max={60}>{`· ${who}`}</Said>}
    </>
  );
  const facts: [string, React.ReactNode][] = [
    [
      texts.escalations.opened,
      <Time key="opened" at={escalation.openedAt ?? escalation.createdAt} />,
    ],
    [
      texts.escalations.assignee,
      escalation.assignedTo ? (
        <Said key="who">{escalation.assignedTo}</Said>
      ) : (
        texts.escalations.nobody
      ),
    ],
  ];
  if (escalation.acknowledgedAt) {
    facts.push([
      texts.escalations.acknowledged,
      by(escalation.acknowledgedAt, escalation.acknowledgedBy),
    ]);
  }
  if (escalation.closedAt) {
    facts.push([
      texts.escalations.closed,
      by(escalation.closedAt, escalation.closedBy ?? texts.escalations.byItself),
    ]);
  }
  return facts;
}

function Notes({ id, work }: { id: string; work: boolean }) {
  const query = useQuery(notesQuery(id));
  const [text, setText] = useState('');
  const add = useAct({
    act: () =>
      body(
        api.POST('/escalations/{id}/notes', {
          params: { path: { id } },
          body: { body: text.trim() },
        }),
      ),
    touches: ['escalations'],
    after: () => setText(''),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    if (text.trim()) add.mutate();
  }
  return (
    <section className="flex flex-col gap-3">
      <h3 className="font-semibold">{texts.escalations.notes}</h3>
      <Fetched query={query} lines={2}>
        {(notes) => (
          <ul className="flex flex-col gap-2 empty:hidden">
            {notes.map((note) => (
              <li key={note.id} className="rounded-lg bg-sunken px-3 py-2">
                <p className="text-xs text-soft">
                  <Said max={60}>{note.author}</Said>, <Time at={note.createdAt} />
                </p>
                <SaidAll max={1_000}>{note.body}</SaidAll>
              </li>
            ))}
          </ul>
        )}
      </Fetched>
      {work && (
        <form onSubmit={submit} className="flex flex-col gap-2">
          <TextArea
            label={texts.escalations.note}
            data-note
            maxLength={NOTE_CHARS_MAX}
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
              if (event.key === 'Escape') event.currentTarget.blur();
            }}
          />
          <div>
            <Button type="submit" disabled={add.isPending || !text.trim()}>
              {texts.escalations.addNote}
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}
