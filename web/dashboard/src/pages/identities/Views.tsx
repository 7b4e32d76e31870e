/** Filters that somebody saved under a name. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type IdentityFilters, stringifySearch, without } from '../../lib/filters';
import { removeView, saveView, useViews, VIEW_NAME_CHARS_MAX } from '../../lib/views';
import { Button } from '../../parts/Button';
import { useOpen } from '../../parts/Dialog';
import { DialogForm } from '../../parts/DialogForm';
import { Input, Select } from '../../parts/Field';
import { tell } from '../../parts/Toasts';
import { texts } from '../../texts';

export function Views({ filters }: { filters: IdentityFilters }) {
  const views = useViews();
  const navigate = useNavigate();
  const [saving, open, close] = useOpen();
  const [name, setName] = useState('');
  const search = stringifySearch({ ...without(filters) }).slice(1);
  const current = views.find((view) => view.search === search);
  return (
    <>
      {views.length > 0 && (
        <Select
          label={texts.views.label}
          value={current?.name ?? ''}
          options={[
            ['', texts.views.choose],
            ...views.map((view) => [view.name, view.name] as const),
          ]}
          onChange={(chosen) => {
            const view = views.find((one) => one.name === chosen);
            if (view)
              navigate({
                to: '/identities',
                search: Object.fromEntries(new URLSearchParams(view.search)),
              });
          }}
        />
      )}
      {current ? (
        <Button
          onClick={() => {
            removeView(current.name);
            tell(texts.views.removed(current.name), () => saveView(current.name, current.search));
          }}
        >
          {texts.views.remove}
        </Button>
      ) : (
        <Button onClick={open}>{texts.views.save}</Button>
      )}
      {saving && (
        <DialogForm
          title={texts.views.save}
          onClose={close}
          act={texts.common.save}
          blocked={!name.trim()}
          onAct={() => {
            saveView(name, search);
            tell(texts.views.saved(name.trim()));
            setName('');
            close();
          }}
        >
          <Input
            label={texts.views.name}
            hint={texts.views.hint}
            required
            maxLength={VIEW_NAME_CHARS_MAX}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </DialogForm>
      )}
    </>
  );
}
