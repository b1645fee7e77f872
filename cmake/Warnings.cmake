# One INTERFACE target carries warnings and hardening; third-party headers are
# system headers and stay quiet. Link it PRIVATE.
add_library(vigie_flags INTERFACE)
target_compile_definitions(vigie_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
set(W -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
      -Wundef -Wcast-align -Wcast-qual -Wwrite-strings -Wpointer-arith
      -Wformat=2 -Wnull-dereference -Wdouble-promotion -Wfloat-equal
      -Wswitch-enum -Wimplicit-fallthrough -Wdate-time -Wdisabled-optimization
      -Wredundant-decls -Winit-self -Wvla)
foreach(w strict-prototypes missing-prototypes old-style-definition nested-externs) # C++ has no such
  list(APPEND W $<$<COMPILE_LANGUAGE:C>:-W${w}>)
endforeach()
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
  list(APPEND W -Wlogical-op -Wduplicated-cond -Wduplicated-branches
       -Walloc-zero -Warith-conversion
       -Wformat-signedness -Wformat-overflow=2 -Wformat-truncation=2
       -Wtrampolines -Wstringop-overflow=4 -Wcast-align=strict)
else()
  list(APPEND W -Wcomma -Wloop-analysis -Wassign-enum -Wunreachable-code
       -Wconditional-uninitialized -Wextra-semi-stmt
       -Wshift-sign-overflow -Wthread-safety
       -Wno-gnu-zero-variadic-macro-arguments)   # sys/sdt.h probes under -Wpedantic
endif()
set(VIGIE_SAN "" CACHE STRING "address,undefined | thread | (empty)")
option(VIGIE_FUZZ "libFuzzer targets (clang)" OFF)
option(VIGIE_WERROR "warnings are errors" ON)
if(VIGIE_WERROR)
  list(APPEND W -Werror)
endif()
target_compile_options(vigie_flags INTERFACE ${W} -fno-common -fno-strict-aliasing
                       -fstack-protector-strong -fstack-clash-protection
                       -fcf-protection=full -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_link_options(vigie_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)

# The same bits from gcc and clang, with or without FMA in -march: clang 14 contracts
# a*b+c by default, gcc -std=c11 does not. All C is built so: simpler than a list.
target_compile_options(vigie_flags INTERFACE -ffp-contract=off)

include(CheckPIESupported)
check_pie_supported()
if(VIGIE_SAN)
  target_compile_options(vigie_flags INTERFACE -fsanitize=${VIGIE_SAN}
     -fno-omit-frame-pointer -fno-sanitize-recover=undefined -g)
  target_link_options(vigie_flags INTERFACE -fsanitize=${VIGIE_SAN})
  target_compile_definitions(vigie_flags INTERFACE VG_SANITIZED=1)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL Debug AND NOT VIGIE_FUZZ)
  # fortify needs -O1 or more, and must stay off under sanitizers
  target_compile_options(vigie_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(VIGIE_FUZZ)
  target_compile_options(vigie_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
