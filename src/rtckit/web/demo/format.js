// Numbers as people read them.

const digits = (value) => (value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);

/** Bytes with a decimal unit: "1.23 MB". */
export function formatBytes(size) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size.toFixed(unit ? digits(size) : 0)} ${units[unit]}`;
}

/** Milliseconds: "0.82 ms". */
export const formatMilliseconds = (value) => `${value.toFixed(digits(value))} ms`;

/** Bits a second: "1.23 Mbit/s". */
export function formatRate(bitsPerSecond) {
  const megabits = bitsPerSecond / 1e6;
  return megabits >= 999.5
    ? `${(megabits / 1000).toFixed(2)} Gbit/s`
    : `${megabits.toFixed(digits(megabits))} Mbit/s`;
}
