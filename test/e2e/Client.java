import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Asks one HTTPS server with Java's own HttpClient, then says a word over its WebSocket and prints the answer. */
class Client {
  public static void main(String[] arguments) throws Exception {
    var authority = arguments[0];
    var client = HttpClient.newHttpClient();
    var request = HttpRequest.newBuilder(URI.create("https://" + authority + "/hello")).build();
    var answer = client.send(request, BodyHandlers.ofString());
    System.out.println(answer.version() + " " + answer.statusCode() + " " + answer.body().strip());

    var heard = new CompletableFuture<String>();
    var listener = new WebSocket.Listener() {
      @Override
      public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
        if (text.toString().startsWith("heard")) heard.complete(text.toString());
        socket.request(1);
        return null;
      }
    };
    var socket = client.newWebSocketBuilder().buildAsync(URI.create("wss://" + authority + "/live"), listener).join();
    socket.sendText("a word", true).join();
    System.out.println(heard.get(20, TimeUnit.SECONDS));
    socket.abort();
  }
}
