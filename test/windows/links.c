// An addon for node.exe under Wine that asks Linux itself for what Wine 8 cannot do: make, read,
// rename and remove symbolic links, which junctions.cjs shows to programs as NTFS junctions.
// Each function takes paths as Linux has them, and returns 0, a text, or minus an errno.
#include <stdint.h>
#include <string.h>
#include <windows.h>

typedef void *napi_env, *napi_value, *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);

static int (*get_cb_info)(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
static int (*get_string)(napi_env, napi_value, char *, size_t, size_t *);
static int (*create_number)(napi_env, int32_t, napi_value *);
static int (*create_string)(napi_env, const char *, size_t, napi_value *);
static int (*create_function)(napi_env, const char *, size_t, napi_callback, void *, napi_value *);
static int (*set_property)(napi_env, napi_value, const char *, napi_value);

enum { RENAME = 82, RMDIR = 84, UNLINK = 87, SYMLINK = 88, READLINK = 89 };

static long ask_linux(long call, const void *a, const void *b, long c) {
  long answer;
  register long rdx __asm__("rdx") = c;
  __asm__ volatile("syscall"
                   : "=a"(answer)
                   : "a"(call), "D"(a), "S"(b), "r"(rdx)
                   : "rcx", "r11", "memory");
  return answer;
}

static void texts(napi_env env, napi_callback_info info, char first[4096], char second[4096]) {
  napi_value args[2] = {0};
  size_t count = 2, length;
  get_cb_info(env, info, &count, args, NULL, NULL);
  get_string(env, args[0], first, 4096, &length);
  if (count > 1) get_string(env, args[1], second, 4096, &length);
}

static napi_value number(napi_env env, long value) {
  napi_value result;
  create_number(env, (int32_t)value, &result);
  return result;
}

static napi_value make_link(napi_env env, napi_callback_info info) {
  char target[4096], path[4096];
  texts(env, info, target, path);
  return number(env, ask_linux(SYMLINK, target, path, 0));
}

static napi_value move(napi_env env, napi_callback_info info) {
  char from[4096], to[4096];
  texts(env, info, from, to);
  return number(env, ask_linux(RENAME, from, to, 0));
}

static napi_value remove_link(napi_env env, napi_callback_info info) {
  char path[4096], unused[4096];
  texts(env, info, path, unused);
  return number(env, ask_linux(UNLINK, path, NULL, 0));
}

static napi_value read_link(napi_env env, napi_callback_info info) {
  char path[4096], text[4096];
  texts(env, info, path, text);
  long length = ask_linux(READLINK, path, text, sizeof text);
  if (length < 0) return number(env, length);
  napi_value result;
  create_string(env, text, (size_t)length, &result);
  return result;
}

static void export(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  create_function(env, name, strlen(name), function, NULL, &value);
  set_property(env, exports, name, value);
}

__declspec(dllexport) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  HMODULE node = GetModuleHandleA(NULL);
  get_cb_info = (void *)GetProcAddress(node, "napi_get_cb_info");
  get_string = (void *)GetProcAddress(node, "napi_get_value_string_utf8");
  create_number = (void *)GetProcAddress(node, "napi_create_int32");
  create_string = (void *)GetProcAddress(node, "napi_create_string_utf8");
  create_function = (void *)GetProcAddress(node, "napi_create_function");
  set_property = (void *)GetProcAddress(node, "napi_set_named_property");
  export(env, exports, "symlink", make_link);
  export(env, exports, "readlink", read_link);
  export(env, exports, "rename", move);
  export(env, exports, "unlink", remove_link);
  return exports;
}
