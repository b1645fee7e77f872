/* Compiler attributes, the only extensions of the C standard that the project uses. */
#ifndef VG_BASE_ATTR_H
#define VG_BASE_ATTR_H

#define VG_MUST_USE           __attribute__((warn_unused_result))
#define VG_PRINTF(text, args) __attribute__((format(printf, text, args)))
#define VG_FORMAT_ARG(n)      __attribute__((format_arg(n)))

#endif
