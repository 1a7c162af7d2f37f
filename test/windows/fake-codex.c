// A codex.exe of a few kilobytes: says a version, and with "wait" runs until it is ended.
#include <stdio.h>
#include <string.h>
#include <windows.h>

int main(int count, char **words) {
  if (count > 1 && strcmp(words[1], "wait") == 0) Sleep(60000);
  if (count > 1 && strcmp(words[1], "words") == 0) {
    for (int i = 2; i < count; i++) printf("[%s]", words[i]);
    printf("\n");
    return 7;
  }
  printf("codex-cli " VERSION "\n");
  return 0;
}
