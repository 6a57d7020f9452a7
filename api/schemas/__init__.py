"""JSON in and out: fields, one module of schemas per resource, serializers.

Resources import these modules. This room knows no request."""
