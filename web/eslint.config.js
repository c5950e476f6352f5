import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const barrels = [
  {
    selector: "ExportNamedDeclaration[source]",
    message: "Import from the file that has the thing; nothing is re-exported.",
  },
  { selector: "ExportAllDeclaration", message: "Nothing is re-exported." },
];

const lines = (max) => ["error", { max, skipBlankLines: false, skipComments: false }];

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/generated.ts"] },
  ...tseslint.configs.strict,
  a11y.flatConfigs.recommended,
  hooks.configs.flat.recommended,
  {
    rules: {
      eqeqeq: "error",
      "no-restricted-syntax": ["error", ...barrels],
      "max-lines": lines(300),
      "max-lines-per-function": ["error", { max: 110 }],
      "no-console": "error",
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
  { files: ["scripts/**"], rules: { "no-console": "off" } },
  { files: ["**/*.test.ts"], rules: { "max-lines-per-function": "off" } },
  { files: ["src/pages/**"], rules: { "max-lines": lines(250) } },
  {
    // `ui/` is about looks: it knows neither the address bar nor the API.
    files: ["src/ui/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: ["**/api/*", "**/live/*", "**/location*", "**/pages/*"] },
      ],
      "no-restricted-globals": ["error", "fetch", "location", "WebSocket"],
    },
  },
);
