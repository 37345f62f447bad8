// Stands in for a library of Windows 10 that Wine has since version 9: random numbers, from an older function.

typedef unsigned long long SIZE_T;
typedef unsigned char BYTE;
typedef unsigned long ULONG;

__declspec(dllimport) BYTE __stdcall SystemFunction036(void *buffer, ULONG length);

__declspec(dllexport) int __stdcall ProcessPrng(BYTE *buffer, SIZE_T length) {
    return SystemFunction036(buffer, (ULONG)length);
}
