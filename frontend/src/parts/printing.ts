// Numbers as Python prints them (backlit.explanation.plain_text.number); a test holds both to be the same.

/** `0.59327`, `−1.5×10⁻⁷`, `∞`: rounded to this many significant digits. */
export function printed(value: number, digits = 6): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  const minus = (text: string) => text.replace("-", "−");
  if (exponent < -4 || exponent >= digits) return `${minus(bare(mantissa))}×10${raised(exponent)}`;
  return minus(bare(shifted(mantissa, exponent)));
}

/** For a place that is short of room. */
export const brief = (value: number): string => printed(value, 3);

/** How a screen reader says it. */
export function spoken(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "infinity" : "minus infinity";
  if (value === 0) return "0";
  return Number(value.toPrecision(digits)).toString().replace("-", "minus ").replace(/e[+]?/, " times ten to the ");
}

function bare(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/0+$/, "").replace(/\.$/, "") : decimal;
}

// the digits of toExponential are rounded exactly; toFixed and toPrecision would give the same, but not for all sizes
function shifted(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith("-") ? "-" : "";
  const digits = mantissa.replace("-", "").replace(".", "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function raised(power: number): string {
  return String(power).replace(/./g, (sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)] ?? "⁻");
}
