// Moves the clock of this process by HANDSLAG_CLOCK_SHIFT seconds, as the product's is moved: node --require ./clock.cjs
// Cookies end by the browser's clock, which nobody moves.
const http = require('node:http');

const shift = Number(process.env.HANDSLAG_CLOCK_SHIFT || 0) * 1000;
if (shift) {
  const Real = Date;
  globalThis.Date = class Date extends Real {
    constructor(...given) {
      if (given.length) super(...given);
      else super(Real.now() + shift);
    }

    static now() {
      return Real.now() + shift;
    }
  };

  const unmoved = (cookie) => cookie.replace(/(; expires=)([^;]+)/i, (_, name, day) => {
    const ends = Real.parse(day);
    return name + new Real(ends > 0 ? ends - shift : ends).toUTCString();
  });
  const { setHeader } = http.ServerResponse.prototype;
  http.ServerResponse.prototype.setHeader = function moved(name, value) {
    return setHeader.call(this, name, name.toLowerCase() === 'set-cookie' ? [value].flat().map(unmoved) : value);
  };
}
