// A TLS handshake as a Go client makes it: arguments are the name, the port on this machine and the file of the root.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

func main() {
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(os.Args[3])
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		panic("no root")
	}
	connection, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[2], &tls.Config{ServerName: os.Args[1], RootCAs: roots})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	connection.Close()
	fmt.Println("accepted")
}
