# -DVG_ENGINE_ONLY=ON: engine, kernels, models and two programs, with a C compiler and an OpenCL
# loader and nothing else (CLBlast too, where its header and library are found):
#   engine_check   every case of every kernel against its twin
#   engine_bench   throughput, latency, energy and steps by batch
# Headers and loader may lie anywhere: -DVG_OPENCL_INCLUDE=DIR (holds CL/cl.h) and
# -DVG_OPENCL_LIBRARY=FILE; -DVG_CLBLAST_INCLUDE=DIR (holds clblast_c.h) and -DVG_CLBLAST_LIBRARY=FILE.
# bench/device.sh finds the first two and calls this.
set(VG_OPENCL_INCLUDE "" CACHE PATH "folder that holds CL/cl.h")
set(VG_OPENCL_LIBRARY "" CACHE FILEPATH "libOpenCL.so or libOpenCL.so.1")
find_package(Threads REQUIRED)

if(NOT VG_OPENCL_INCLUDE)
  find_path(VG_OPENCL_INCLUDE_FOUND CL/cl.h PATHS /usr/local/cuda/include
    /usr/local/cuda/targets/x86_64-linux/include /opt/rocm/include NO_CACHE)
  set(VG_OPENCL_INCLUDE "${VG_OPENCL_INCLUDE_FOUND}")
endif()
if(NOT VG_OPENCL_LIBRARY)
  find_library(VG_OPENCL_LIBRARY_FOUND NAMES OpenCL libOpenCL.so.1 PATHS /usr/local/cuda/lib64
    /usr/local/nvidia/lib64 /opt/rocm/lib NO_CACHE)
  set(VG_OPENCL_LIBRARY "${VG_OPENCL_LIBRARY_FOUND}")
endif()
if(NOT EXISTS "${VG_OPENCL_INCLUDE}/CL/cl.h")
  message(FATAL_ERROR "CL/cl.h is not in \"${VG_OPENCL_INCLUDE}\": give -DVG_OPENCL_INCLUDE=DIR")
endif()
if(NOT EXISTS "${VG_OPENCL_LIBRARY}")
  message(FATAL_ERROR "no OpenCL loader: give -DVG_OPENCL_LIBRARY=FILE")
endif()

find_path(VG_CLBLAST_INCLUDE clblast_c.h)
find_library(VG_CLBLAST_LIBRARY clblast)

# Whether a file wants one of the libraries that are not there, itself or by what it includes: then
# it is left out. Each file is looked at once.
function(vigie_wants_library file out)
  string(MAKE_C_IDENTIFIER "wants_${file}" id)
  get_property(known GLOBAL PROPERTY ${id})
  if("${known}" STREQUAL "")
    set_property(GLOBAL PROPERTY ${id} NO)
    set(known NO)
    file(STRINGS "${CMAKE_SOURCE_DIR}/${file}" lines REGEX "^#include ")
    foreach(line IN LISTS lines)
      if(line MATCHES "<(jansson|openssl/|libav|libsw|event|hiredis|sqlite3|argon2)")
        set(known YES)
      elseif(line MATCHES "\"([^\"]+)\"")
        set(header "${CMAKE_MATCH_1}")
        if(EXISTS "${CMAKE_SOURCE_DIR}/${header}")
          vigie_wants_library("${header}" theirs)
          if(theirs)
            set(known YES)
          endif()
        endif()
      endif()
    endforeach()
    set_property(GLOBAL PROPERTY ${id} ${known})
  endif()
  set(${out} ${known} PARENT_SCOPE)
endfunction()

file(GLOB CL_FILES CONFIGURE_DEPENDS kernels/*.cl)
vigie_embed(OUT GEN_kernels NAME vg_kernel_sources FILES ${CL_FILES})

file(GLOB candidates RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS src/base/*.c kernels/*.c
  kernels/twins/*.c models/*.c src/maps/*.c src/energy/*.c src/engine/*.c bench/*.c)
set(sources bench/device/sha256_here.c)
foreach(file IN LISTS candidates)
  vigie_wants_library(${file} wants)
  if(NOT wants)
    list(APPEND sources ${file})
  endif()
endforeach()

add_library(vg_engine_alone STATIC ${sources} ${GEN_kernels})
target_include_directories(vg_engine_alone PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_include_directories(vg_engine_alone SYSTEM PUBLIC ${VG_OPENCL_INCLUDE})
target_compile_definitions(vg_engine_alone PUBLIC CL_TARGET_OPENCL_VERSION=120
  PRIVATE VG_VERSION="${PROJECT_VERSION}" VG_LOCALE_DIR="/usr/share/locale"
  VG_BUILD_LOCALE_DIR="${CMAKE_BINARY_DIR}/locale"
  VG_BUILD_MODELS_DIR="${CMAKE_SOURCE_DIR}/cache/models")
target_link_libraries(vg_engine_alone PUBLIC "${VG_OPENCL_LIBRARY}" Threads::Threads m
  ${CMAKE_DL_LIBS} PRIVATE vigie_flags)
if(VG_CLBLAST_INCLUDE AND VG_CLBLAST_LIBRARY) # one more way to make a convolution on a GPU
  target_compile_definitions(vg_engine_alone PUBLIC VG_CLBLAST=1)
  target_include_directories(vg_engine_alone SYSTEM PUBLIC ${VG_CLBLAST_INCLUDE})
  target_link_libraries(vg_engine_alone PUBLIC "${VG_CLBLAST_LIBRARY}")
endif()
foreach(program engine_check engine_bench)
  add_executable(${program} bench/device/${program}.c)
  target_link_libraries(${program} PRIVATE vg_engine_alone vigie_flags)
endforeach()
