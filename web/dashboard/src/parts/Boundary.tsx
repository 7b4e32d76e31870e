/** Catches what breaks while drawing, so that one page does not take the others with it. */
import { Component, type ReactNode } from 'react';
import { texts } from '../texts';
import { Button } from './Button';

export class Boundary extends Component<{ children: ReactNode; at?: string }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidUpdate(before: { at?: string }) {
    if (before.at !== this.props.at && this.state.error) this.setState({ error: null });
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <Broken error={this.state.error} />;
  }
}

export function Broken({ error }: { error: unknown }) {
  return (
    <div role="alert" className="mx-auto flex max-w-prose flex-col items-start gap-3 p-8">
      <h1 className="text-xl font-semibold">{texts.errors.broken}</h1>
      <p className="text-soft">{texts.errors.brokenHint}</p>
      <pre className="max-h-40 w-full overflow-auto rounded bg-sunken p-3 text-xs whitespace-pre-wrap">
        {error instanceof Error ? error.message : String(error)}
      </pre>
      <Button look="main" onClick={() => location.reload()}>
        {texts.errors.reload}
      </Button>
    </div>
  );
}
