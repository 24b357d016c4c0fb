// Adds up a formula from the digits that are printed on the page, to see whether they agree with the printed result.
// It knows + − · / ( ) and a few functions, and nothing of networks: the numbers themselves come from Python.

/** A value, and how far it may be off because its digits were rounded. */
export interface Printed {
  value: number;
  slack: number;
}

type Token = { number: Printed } | { sign: string } | { call: string };

/** How a printed equation comes out. */
export interface Sum {
  /** What the printed digits give. */
  found: number;
  /** What is printed behind the equals sign. */
  printed: number;
  /** How far rounded digits may put them apart. */
  slack: number;
  agrees: boolean;
}

const CALLS = new Set(["exp", "ln", "tanh", "cosh", "max", "sign"]);

/** A printed decimal such as `−0.0123`. Trailing zeros are not printed, so `digits` says how many were known. */
export function decimal(text: string, digits: number, power = 0): Printed {
  const plain = text.replace("−", "-");
  if (plain === "∞" || plain === "-∞") return { value: plain === "∞" ? Infinity : -Infinity, slack: 0 };
  const value = Number(`${plain}e${power}`);
  if (value === 0 || !Number.isFinite(value)) return { value, slack: 0 };
  const first = Math.floor(Math.log10(Math.abs(value)));
  return { value, slack: 0.5 * 10 ** (first - digits + 1) };
}

/** The signs and numbers of MathML as it stands on the page; null where it holds anything but printed numbers. */
function tokens(node: Element, digits: number, out: Token[] = []): Token[] | null {
  const children = [...node.children];
  switch (node.localName) {
    case "mn":
      out.push({ number: decimal(node.textContent ?? "", digits) });
      return out;
    case "mo": {
      const sign = (node.textContent ?? "").trim();
      if (sign === "=" || sign === "") return out;
      out.push({ sign });
      return out;
    }
    case "mspace":
      return out;
    case "mi": {
      const name = (node.textContent ?? "").trim();
      if (!CALLS.has(name)) return null;
      out.push({ call: name });
      return out;
    }
    case "mfrac": {
      out.push({ sign: "(" });
      if (!tokens(children[0], digits, out)) return null;
      out.push({ sign: ")" }, { sign: "/" }, { sign: "(" });
      if (!tokens(children[1], digits, out)) return null;
      out.push({ sign: ")" });
      return out;
    }
    case "msup": {
      // only a bracket that is squared; a symbol with an index is no printed number
      if (children[0].textContent?.trim() !== ")" || children[1].textContent?.trim() !== "2") return null;
      out.push({ sign: ")" }, { sign: "²" });
      return out;
    }
    case "mrow": {
      const power = children[2];
      if (children.length === 3 && children[1].textContent === "×" && power.localName === "msup") {
        const exponent = Number((power.children[1].textContent ?? "").replace("−", "-"));
        out.push({ number: decimal(children[0].textContent ?? "", digits, exponent) });
        return out;
      }
      break;
    }
    case "math":
      break;
    default:
      return null;
  }
  for (const child of children) if (!tokens(child, digits, out)) return null;
  return out;
}

/** A recursive descent: sum, product, factor. */
class Reader {
  private at = 0;
  constructor(private readonly all: Token[]) {}

  private sign(): string | null {
    const token = this.all[this.at];
    return token && "sign" in token ? token.sign : null;
  }

  whole(): Printed | null {
    const value = this.sum();
    return this.at === this.all.length ? value : null;
  }

  private sum(): Printed | null {
    let total = this.product();
    while (total && (this.sign() === "+" || this.sign() === "−")) {
      const minus = this.sign() === "−";
      this.at++;
      const next = this.product();
      if (!next) return null;
      total = { value: total.value + (minus ? -next.value : next.value), slack: total.slack + next.slack };
    }
    return total;
  }

  private product(): Printed | null {
    let result = this.factor();
    while (result && (this.sign() === "·" || this.sign() === "/")) {
      const over = this.sign() === "/";
      this.at++;
      const next = this.factor();
      if (!next) return null;
      result = over ? quotient(result, next) : multiply(result, next);
    }
    return result;
  }

  private factor(): Printed | null {
    const token = this.all[this.at++];
    if (!token) return null;
    if ("number" in token) return token.number;
    if ("call" in token) return this.call(token.call);
    if (token.sign === "−" || token.sign === "+") {
      // −ln(x), −0.5·2: a sign in front belongs to the first factor
      const next = this.factor();
      return next && token.sign === "−" ? { value: -next.value, slack: next.slack } : next;
    }
    const closing = ({ "(": ")", "[": "]", "|": "|" } as Record<string, string>)[token.sign];
    if (!closing) return null;
    const inside = this.sum();
    if (!inside || this.sign() !== closing) return null;
    this.at++;
    if (closing === "|") return { value: Math.abs(inside.value), slack: inside.slack };
    if (this.sign() !== "²") return inside;
    this.at++;
    return multiply(inside, inside);
  }

  private call(name: string): Printed | null {
    if (this.sign() !== "(") return null;
    this.at++;
    const first = this.sum();
    let second: Printed | null = null;
    if (this.sign() === "," || this.sign() === ", ") {
      this.at++;
      second = this.sum();
    }
    if (!first || this.sign() !== ")") return null;
    this.at++;
    return called(name, first, second);
  }
}

/** A product, with the slack of both. */
export function multiply(a: Printed, b: Printed): Printed {
  const slack = Math.abs(a.value) * b.slack + Math.abs(b.value) * a.slack + a.slack * b.slack;
  return { value: a.value * b.value, slack };
}

function quotient(a: Printed, b: Printed): Printed {
  const value = a.value / b.value;
  return { value, slack: (a.slack + Math.abs(value) * b.slack) / Math.max(Math.abs(b.value) - b.slack, Number.MIN_VALUE) };
}

function called(name: string, of: Printed, second: Printed | null): Printed | null {
  const { value: v, slack: s } = of;
  switch (name) {
    case "exp":
      return { value: Math.exp(v), slack: Math.exp(v) * Math.expm1(s) };
    case "ln":
      return { value: Math.log(v), slack: s / Math.max(v - s, Number.MIN_VALUE) };
    case "tanh":
      return { value: Math.tanh(v), slack: s };
    case "cosh":
      return { value: Math.cosh(v), slack: Math.cosh(Math.abs(v) + s) - Math.cosh(v) };
    case "sign":
      return { value: Math.sign(v), slack: Math.abs(v) <= s ? 2 : 0 };
    case "max":
      return second ? { value: Math.max(v, second.value), slack: Math.max(s, second.slack) } : null;
    default:
      return null;
  }
}

/** What the printed terms come to; null if there is something in them that is not a printed number. */
export function evaluate(terms: Iterable<Element>, digits: number): Printed | null {
  const all: Token[] = [];
  for (const term of terms) if (!tokens(term, digits, all)) return null;
  return all.length ? new Reader(all).whole() : null;
}

/** Compare what stands before an equals sign with what stands behind it. */
export function compare(left: Printed, right: Printed): Sum {
  const slack = left.slack + right.slack;
  const same = Object.is(left.value, right.value) || left.value === right.value;
  // the last digits of a double are lost in adding up
  const noise = 1e-14 * Math.max(Math.abs(left.value), Math.abs(right.value));
  return {
    found: left.value,
    printed: right.value,
    slack,
    agrees: same || Math.abs(left.value - right.value) <= slack + noise,
  };
}
