// A part of the page that scrolls by itself, also by keyboard.

interface Props {
  readonly label: string;
  readonly children: React.ReactNode;
}

export function ScrollBox({ label, children }: Props) {
  return (
    // What scrolls has to take the focus, or the arrow keys never reach it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="table-box" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
