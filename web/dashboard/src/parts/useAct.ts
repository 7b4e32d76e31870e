/** A change: says what was done, or what failed, and has everything that it touched read again. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { tell, tellProblem } from './Toasts';
import { changedHere } from './useHeld';

/** What was changed is scored a moment later: what is shown is read again then, too. */
const SCORED_MS = 1_500;

export interface Act<Input, Output> {
  act: (input: Input) => Promise<Output>;
  /** What is told when it is done; nothing when absent. */
  done?: (input: Input, output: Output) => string;
  /** How it is taken back. */
  undo?: (input: Input, output: Output) => Promise<unknown>;
  /** First parts of the keys of what it touches. */
  touches: string[];
  after?: (input: Input, output: Output) => void;
}

export function useAct<Input = void, Output = unknown>(options: Act<Input, Output>) {
  const client = useQueryClient();
  const refresh = () => {
    changedHere();
    const read = () => {
      for (const key of options.touches) client.invalidateQueries({ queryKey: [key] });
    };
    read();
    setTimeout(read, SCORED_MS);
  };
  return useMutation({
    mutationFn: options.act,
    onSuccess: (output, input) => {
      refresh();
      options.after?.(input, output);
      if (!options.done) return;
      const undo = options.undo;
      const back = undo && (() => void undo(input, output).catch(tellProblem).finally(refresh));
      tell(options.done(input, output), back);
    },
    onError: tellProblem,
  });
}
