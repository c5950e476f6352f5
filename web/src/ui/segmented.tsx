// A choice of a few, as radio buttons that look like one control.

import { useId } from "react";

interface Props<Choice extends string> {
  readonly label: string;
  readonly choices: readonly { readonly value: Choice; readonly text: string }[];
  readonly value: Choice;
  readonly onChange: (value: Choice) => void;
}

export function Segmented<Choice extends string>({ label, choices, value, onChange }: Props<Choice>) {
  const name = useId();
  return (
    <div className="segmented" role="radiogroup" aria-label={label}>
      {choices.map((choice) => (
        <label key={choice.value} className={choice.value === value ? "chosen" : ""}>
          <input
            type="radio"
            name={name}
            value={choice.value}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          {choice.text}
        </label>
      ))}
    </div>
  );
}
