package host

import (
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Dial opens a TCP connection from within the network, to an address and port in
// numbers. A socket belongs to the network of the thread that makes it; the
// thread is not used for anything else afterwards.
func (n *Network) Dial(address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	made := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		conn, err := n.dial(address)
		made <- result{conn, err}
	}()
	r := <-made
	return r.conn, r.err
}

func (n *Network) dial(address string) (net.Conn, error) {
	network, err := os.Open(n.path())
	if err != nil {
		return nil, err
	}
	defer network.Close()
	if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, os.NewSyscallError("setns", err)
	}
	return net.Dial("tcp", address)
}
