// A TLS handshake as a Java client makes it: arguments are the name and the port on this machine.
import java.net.InetAddress;
import java.net.Socket;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

class Handshake {
  public static void main(String[] arguments) throws Exception {
    var plain = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[1]));
    var factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
    try (var socket = (SSLSocket) factory.createSocket(plain, arguments[0], plain.getPort(), true)) {
      var parameters = new SSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      System.out.println("accepted");
    }
  }
}
