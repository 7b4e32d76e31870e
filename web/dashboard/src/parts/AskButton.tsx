/** A button that asks before it does what it says. */
import { Button, type Look } from './Button';
import { Confirm, useOpen } from './Dialog';
import { type Act, useAct } from './useAct';

interface Props<Output> extends Act<void, Output> {
  label: string;
  title: string;
  hint: string;
  /** What the button of the dialog says; as this one when absent. */
  answer?: string;
  look?: Look;
  /** What the dialog's button looks like; as this one when absent. */
  answerLook?: Look;
}

export function AskButton<Output>({
  label,
  title,
  hint,
  answer = label,
  look = 'danger',
  answerLook = look,
  ...options
}: Props<Output>) {
  const [asking, ask, close] = useOpen();
  const change = useAct<void, Output>({
    ...options,
    after: (input, output) => {
      close();
      options.after?.(input, output);
    },
  });
  return (
    <>
      <Button small look={look} onClick={ask}>
        {label}
      </Button>
      {asking && (
        <Confirm
          title={title}
          act={answer}
          look={answerLook}
          busy={change.isPending}
          onAct={() => change.mutate()}
          onClose={close}
        >
          <p>{hint}</p>
        </Confirm>
      )}
    </>
  );
}
