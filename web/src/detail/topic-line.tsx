// The topic, level by level, with a button that copies it.

import { CopyButton } from "../ui/copy-button";

export function TopicLine({ topic, field }: { topic: string; field: string | undefined }) {
  const levels = topic.split("/");
  const name = field ?? levels.at(-1) ?? topic;
  return (
    <header className="topic-line">
      <h1>{name === "" ? "(empty)" : name}</h1>
      <div className="topic">
        <code data-testid="topic">
          {levels.map((level, index) => (
            <span key={index}>
              {index > 0 && <i>/</i>}
              {level}
            </span>
          ))}
        </code>
        {field !== undefined && <code className="field-name">{field}</code>}
        <CopyButton text={topic} label="the topic" />
      </div>
    </header>
  );
}
