/** What is put into a request to mangle it: whatever ends a line, a field or a message, and fields that frame. */

export const mutations = [
  ..."\r\n\t :;,\0\x7f\xff",
  "\r\n",
  "\r\n\r\n",
  "\r\nContent-Length: 5\r\n",
  "\r\nTransfer-Encoding: chunked\r\n",
  "\r\nTransfer-Encoding:\tchunked\r\n",
  "\r\nHost: other.test\r\n",
];
