import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;

/** Prints, as JSON, the names of the calls that Kafka's Admin has. */
class AdminFacts {
    public static void main(String[] args) {
        System.out.println(Arrays.stream(Admin.class.getMethods())
            .map(Method::getName).distinct().sorted()
            .collect(Collectors.joining("\",\"", "[\"", "\"]")));
    }
}
