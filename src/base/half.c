#include "src/base/half.h"

#include <math.h>
#include <string.h>

float vg_half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t exponent = (half >> 10) & 31u;
    const uint32_t mantissa = half & 1023u;
    if (exponent == 0) { /* zero and subnormal halves: mantissa * 2^-24 */
        const float small = ldexpf((float)mantissa, -24);
        return sign ? -small : small;
    }
    const uint32_t bits =
        sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | (mantissa << 13);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

bool vg_half_exact(float value, uint16_t *half)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t sign = (uint16_t)((bits >> 16) & 0x8000u);
    const uint32_t exponent = (bits >> 23) & 255u;
    const uint32_t mantissa = bits & 0x7fffffu;
    uint16_t guess = sign;
    if (exponent == 255)
        guess = (uint16_t)(sign | 0x7c00u);
    else if (exponent >= 113 && exponent <= 142)
        guess = (uint16_t)(sign | ((exponent - 112) << 10) | (mantissa >> 13));
    else if (exponent >= 103 && exponent < 113)
        guess = (uint16_t)(sign | ((mantissa | 0x800000u) >> (126 - exponent)));
    const float back = vg_half_to_float(guess);
    *half = guess;
    return memcmp(&back, &value, sizeof back) == 0;
}

uint16_t vg_half_nearest(float value)
{
    const uint16_t sign = signbit(value) ? 0x8000u : 0;
    const float size = fabsf(value);
    if (isnan(value))
        return (uint16_t)(sign | 0x7e00u);
    if (size >= 65520.0f) /* half way from the largest to what would follow it */
        return (uint16_t)(sign | 0x7c00u);
    if (size <
        ldexpf(1, -14)) /* subnormal: multiples of 2^-24, and 1024 of them the least normal */
        return (uint16_t)(sign | (uint16_t)rintf(ldexpf(size, 24)));
    uint32_t bits;
    memcpy(&bits, &size, sizeof bits);
    bits += 0xfffu + ((bits >> 13) & 1u); /* a carry goes on into the exponent, as it should */
    return (uint16_t)(sign | ((bits >> 13) - (112u << 10)));
}
